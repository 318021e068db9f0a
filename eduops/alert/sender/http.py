"""One POST over HTTP whose answer is read whole, within bounds, and whose address never shows in what is said of it."""

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

import httpx

from eduops.alert.secret import Place, read_secret
from eduops.alert.sender.letter import Fault, Outlet
from eduops.alert.text import clean
from eduops.core.errors import ConfigError

_MOST_BYTES = 64_000
_LIMITED = timedelta(minutes=1)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# At INFO these two log every request with its address, which is a secret.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back with a status of success."""

    text: str
    secrets: tuple[str, ...]

    def fields(self) -> dict[str, Any]:  # Any: whatever the service says
        """The body as a JSON object. Raises Fault where it is none: a login page is no delivery."""
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Fault("回答不是预期的 JSON，不能认为已送达；网址可能写错，或中间有登录页", is_channel=True)
        return found

    def quote(self, said: object) -> str:
        """What the service said, short and with every part of its address and secrets taken out."""
        return redact(clean(str(said)), self.secrets)[:120]


def find_url(outlet: Outlet) -> str:
    """The channel's address. Raises ConfigError where it cannot be had or is none."""
    channel = outlet.channel
    what = f"渠道 {outlet.name} 的网址"
    place = Place(channel.url_file, channel.url_env)
    url = read_secret(place, outlet.home, what=what)
    try:
        parts = urlsplit(url or "")
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not url or not is_usable:
        raise ConfigError(
            f"{what}不是 https:// 开头的网址（{place.title}）", hint="从机器人的设置里重新复制整个网址"
        )
    if parts.scheme == "http" and channel.kind != "webhook" and parts.hostname not in _LOOPBACK:
        raise ConfigError(f"{what}没有加密（http://）（{place.title}）", hint="改用 https:// 开头的网址")
    return url


def post(
    outlet: Outlet,
    *,
    content: bytes,
    secrets: tuple[str, ...] = (),
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Sends JSON to the channel's address and reads the answer.

    Raises Fault where it did not arrive or was not taken, ConfigError where a secret is missing. Whoever times out
    may have taken it: the message is sent again.
    """
    url = find_url(outlet)
    hidden = (*secrets, *list_hidden(url), *(params or {}).values())
    seconds = outlet.channel.timeout_seconds
    until = time.monotonic() + 2 * seconds
    try:
        with (
            httpx.Client(
                verify=build_tls(outlet), proxy=_build_proxy(outlet), trust_env=False, timeout=seconds
            ) as client,
            client.stream(
                "POST",
                httpx.URL(url).copy_merge_params(params or {}),
                content=content,
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "User-Agent": "eduops",
                    **(headers or {}),
                },
            ) as response,
        ):
            text = _read(response, until)
            _judge_status(response, redact(clean(text), hidden)[:80])
            return Answer(text, hidden)
    # Not chained: the error, and its request, hold the address.
    except httpx.InvalidURL:
        raise Fault("网址或代理的写法不对", is_channel=True) from None
    except httpx.HTTPError as error:
        raise Fault(_explain(error, seconds), is_channel=True) from None
    except (OSError, ValueError, ImportError) as error:
        raise Fault(f"连接不上（{type(error).__name__}）", is_channel=True) from None


def build_tls(outlet: Outlet) -> ssl.SSLContext:
    """What certificates are checked against: the usual authorities, the system's, and the channel's own file."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    if outlet.channel.ca_file:
        path = outlet.home / outlet.channel.ca_file.expanduser()
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"渠道 {outlet.name} 的 ca_file {path} 读不出证书", hint="换成 PEM 格式的证书文件"
            ) from error
    return context


def list_hidden(url: str) -> tuple[str, ...]:
    """What of an address must not be shown: the whole, and each part of its path and query that may be a key."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    if parts.password:
        pieces.append(parts.password)
    return url, *(piece for piece in pieces if len(piece) >= 8)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret, as it is or as an address spells it, replaced by ***."""
    spelled = {form for one in secrets for form in (one, quote(one, safe=""), quote_plus(one), unquote(one))}
    for one in sorted((each for each in spelled if len(each) >= 4), key=len, reverse=True):
        text = text.replace(one, "***")
    return text


def _read(response: httpx.Response, until: float) -> str:
    found = b""
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > _MOST_BYTES:
            raise Fault("回答超过 64 KB，不像这项服务的回答，不能认为已送达", is_channel=True)
        if time.monotonic() > until:
            raise Fault("回答没有在规定时间内传完，不知道是否送达", is_channel=True)
    return found.decode("utf-8", errors="replace")


def _judge_status(response: httpx.Response, said: str) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise Fault(f"对方要求转到别的网址（HTTP {status}），没有跟随；核对网址", is_channel=True)
    if status in (429, 503):
        asked = response.headers.get("Retry-After", "")
        pause = timedelta(seconds=min(int(asked), 7200)) if asked.isdecimal() and len(asked) < 6 else _LIMITED
        raise Fault(f"对方说现在太忙或发得太快（HTTP {status}）", pause=pause, is_channel=True)
    if status == 407:
        raise Fault("代理要求登录，或不认用户名和口令（HTTP 407）", is_channel=True)
    raise Fault(
        f"对方没有接受（HTTP {status}）{'：' + said if said.strip() else ''}", is_channel=status != 400
    )


def _build_proxy(outlet: Outlet) -> httpx.Proxy | None:
    proxy = outlet.proxy
    if proxy is None or not outlet.channel.use_proxy:
        return None
    place = Place(proxy.password_file, proxy.password_env)
    password = read_secret(place, outlet.home, what="代理的口令")
    return httpx.Proxy(proxy.url, auth=(proxy.user, password) if proxy.user and password else None)


def _explain(error: httpx.HTTPError, seconds: float) -> str:
    """What happened, never in the error's own words: they may hold the address."""
    match error:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return f"{seconds:g} 秒没有连上"
        case httpx.TimeoutException():
            return f"{seconds:g} 秒没有回答，不知道是否送达"
        case httpx.ProxyError():
            return "代理没有放行：核对代理的地址、用户名和口令"
        case httpx.ConnectError() if "CERTIFICATE" in str(error).upper():
            return f"对方的证书不可信：{explain_certificate(str(error))}"
        case httpx.ConnectError():
            return "连接不上：名称解析不了、对方没有开，或被防火墙挡住"
        case httpx.RemoteProtocolError():
            return "回答没有传完或不合 HTTP 的规矩，不知道是否送达"
    return f"传送中断（{type(error).__name__}），不知道是否送达"


def explain_certificate(said: str) -> str:
    """Why a certificate was refused, from OpenSSL's words."""
    words = said.lower()
    for part, meaning in (
        ("expired", "已过期"),
        ("not yet valid", "还没有生效（检查本机时钟）"),
        ("hostname mismatch", "名称与网址不符"),
        ("doesn't match", "名称与网址不符"),
        ("ip address mismatch", "名称与网址不符"),
        ("self-signed", "自签名，本机不认识签发者（可写 ca_file）"),
        ("self signed", "自签名，本机不认识签发者（可写 ca_file）"),
        ("unable to get", "本机不认识签发者（可写 ca_file）"),
    ):
        if part in words:
            return meaning
    return "核对不通过"
