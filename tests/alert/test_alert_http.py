"""Messages over HTTP: signed as each service wants it, and delivered only when its answer says so."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import time
import traceback
from datetime import timedelta

import alert_proxy
import alert_receiver
import pytest
from alert_case import SECRET, SENT_AT, URL_KEY, MakeOutlet
from alert_receiver import Answer, Answering, Request, giving, receiving

from eduops.alert import sender
from eduops.alert.configuration import Proxy
from eduops.alert.sender.letter import Fault, Letter
from eduops.core.errors import ConfigError, EduopsError

PATHS = {
    "wecom": f"/cgi-bin/webhook/send?key={URL_KEY}",
    "dingtalk": f"/robot/send?access_token={URL_KEY}",
    "feishu": f"/open-apis/bot/v2/hook/{URL_KEY}",
    "webhook": f"/hook/{URL_KEY}",
}
FINE = {"errcode": 0, "errmsg": "ok", "code": 0, "msg": "success"}


def as_dingtalk(handler: Answering, request: Request) -> None:
    """Checks the signature as the service describes it."""
    stamp = request.query.get("timestamp", "")
    digest = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), "sha256").digest()
    is_right = request.query.get("sign") == base64.b64encode(digest).decode()
    is_timely = abs(int(stamp or 0) - SENT_AT.timestamp() * 1000) < 3_600_000
    handler.give(
        200, json.dumps(FINE if is_right and is_timely else {"errcode": 310000, "errmsg": "sign"}).encode()
    )


def as_feishu(handler: Answering, request: Request) -> None:
    body = request.json
    key = f"{body.get('timestamp')}\n{SECRET}".encode()
    wanted = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    said = (
        {"code": 0, "msg": "success"}
        if body.get("sign") == wanted
        else {"code": 19021, "msg": "sign match fail"}
    )
    handler.give(200, json.dumps(said).encode())


def as_webhook(handler: Answering, request: Request) -> None:
    stamp = request.headers["X-Eduops-Timestamp"]
    wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + request.body, "sha256").hexdigest()
    handler.give(204 if request.headers["X-Eduops-Signature"] == f"sha256={wanted}" else 403)


SERVICES: dict[str, Answer] = {
    "wecom": giving(200, {"errcode": 0, "errmsg": "ok"}),
    "dingtalk": as_dingtalk,
    "feishu": as_feishu,
    "webhook": as_webhook,
}


def secret_of(kind: str) -> str:
    return "" if kind == "wecom" else SECRET


def fault_of(outlet, letter: Letter) -> EduopsError:
    """What went wrong; that nothing shown of it, even with --debug, holds a secret."""
    with pytest.raises(EduopsError) as caught:
        sender.send(letter, outlet)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    for hidden in (URL_KEY, SECRET, alert_proxy.PASSWORD):
        assert hidden not in shown
    return caught.value


@pytest.mark.parametrize("kind", PATHS)
def test_each_service_takes_what_it_checks_the_signature_of(
    kind: str, outlet: MakeOutlet, letter: Letter
) -> None:
    with receiving(SERVICES[kind]) as receiver:
        sender.send(letter, outlet(kind, receiver.url(PATHS[kind]), secret=secret_of(kind)))
    request = receiver.seen[0]
    assert URL_KEY in f"{request.path}{request.query}"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "已超时 12 分钟" in request.body.decode()


@pytest.mark.parametrize(("kind", "code"), [("dingtalk", "310000"), ("feishu", "19021"), ("webhook", "403")])
def test_a_wrong_signing_secret_is_refused_and_named(
    kind: str, code: str, outlet: MakeOutlet, letter: Letter
) -> None:
    with receiving(SERVICES[kind]) as receiver:
        fault = fault_of(outlet(kind, receiver.url(PATHS[kind]), secret="SEC-another-invented"), letter)
    assert code in fault.message


@pytest.mark.parametrize(
    ("kind", "said", "pause"),
    [
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, timedelta(minutes=2)),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, timedelta()),
        ("wecom", {"errcode": -1, "errmsg": "busy"}, timedelta(minutes=1)),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, timedelta(minutes=10)),
        ("dingtalk", {"errcode": 410100, "errmsg": "send too fast"}, timedelta(minutes=10)),
        ("dingtalk", {"errcode": 300001, "errmsg": "token is not exist"}, timedelta()),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, timedelta(minutes=1)),
        ("feishu", {"code": 9499, "msg": "Bad Request"}, timedelta()),
        ("feishu", {"StatusCode": 19024, "StatusMessage": "Key Words Not Found"}, timedelta()),
    ],
)
def test_an_answer_of_200_with_a_code_is_no_delivery(kind, said, pause, outlet, letter) -> None:
    with receiving(giving(200, said)) as receiver:
        fault = fault_of(outlet(kind, receiver.url(PATHS[kind])), letter)
    assert isinstance(fault, Fault)
    assert (fault.pause, fault.is_channel) == (pause, bool(pause))
    assert str(next(value for value in said.values() if isinstance(value, int))) in fault.message


RUDE: dict[str, tuple[Answer, str]] = {
    "a server error": (giving(500, b"oops"), "HTTP 500"),
    "a refusal": (giving(403, b"no"), "HTTP 403"),
    "a limit": (giving(429, b"", Retry_After="120"), "HTTP 429"),
    "an empty answer": (giving(200, b""), "不是预期的 JSON"),
    "a login page": (giving(200, b"<html>login</html>"), "不是预期的 JSON"),
    "a list": (giving(200, b"[0]"), "不是预期的 JSON"),
    "deep nesting": (giving(200, b"[" * 60_000), "不是预期的 JSON"),
    "no code": (giving(200, {"ok": True}), "没有结果代码"),
    "a code as text": (giving(200, {"errcode": "0", "code": "0"}), "没有结果代码"),
    "truth as code": (giving(200, {"errcode": False, "code": False}), "没有结果代码"),
    "a truncated answer": (alert_receiver.truncated, "没有传完"),
    "a closed connection": (alert_receiver.closing, "不知道是否送达"),
    "a huge answer": (alert_receiver.huge, "64 KB"),
    "silence": (alert_receiver.hanging, "没有回答"),
    "a drip": (alert_receiver.dripping, "没有在规定时间内传完"),
    "headers that drip": (alert_receiver.dripping_headers, "没有发完"),
}


SLOW = ("silence", "a drip", "headers that drip")


@pytest.mark.parametrize("rudeness", RUDE)
def test_rudeness_is_no_delivery_and_ends_in_time(rudeness: str, outlet: MakeOutlet, letter: Letter) -> None:
    answer, words = RUDE[rudeness]
    with receiving(answer) as receiver:
        started = time.monotonic()
        made = outlet("feishu", receiver.url(PATHS["feishu"]), secret=SECRET, timeout_seconds=1)
        fault = fault_of(made, letter)
        assert time.monotonic() - started < 30
    # On a machine that is busy the bound of the whole may come before that of a step.
    assert words in fault.message or (rudeness in SLOW and "没有发完" in fault.message)
    assert isinstance(fault, Fault) and fault.is_channel


def test_a_limit_by_status_is_kept_to_what_the_service_asks(outlet: MakeOutlet, letter: Letter) -> None:
    for asked, minutes in (("120", 2), ("999999", 1), ("soon", 1)):
        with receiving(giving(429, b"", Retry_After=asked)) as receiver:
            fault = fault_of(outlet("webhook", receiver.url(PATHS["webhook"])), letter)
        assert isinstance(fault, Fault) and fault.pause == timedelta(minutes=minutes)


def test_another_address_is_never_followed_to(outlet: MakeOutlet, letter: Letter) -> None:
    with receiving(giving(200, FINE)) as elsewhere:
        moved = giving(307, b"", Location=elsewhere.url("/stolen"))
        with receiving(moved) as receiver:
            fault = fault_of(outlet("wecom", receiver.url(PATHS["wecom"])), letter)
        assert "没有跟随" in fault.message
        assert elsewhere.seen == []


def test_a_service_that_repeats_the_key_does_not_bring_it_into_the_fault(outlet, letter) -> None:
    def echo(handler: Answering, request: Request) -> None:
        said = {"errcode": 40000, "errmsg": f"bad {URL_KEY} {SECRET} {request.query.get('sign')}"}
        handler.give(200, json.dumps(said).encode())

    with receiving(echo) as receiver:
        fault = fault_of(outlet("dingtalk", receiver.url(PATHS["dingtalk"]), secret=SECRET), letter)
        assert "***" in fault.message and receiver.seen[0].query["sign"] not in fault.message
    with receiving(giving(403, f"no {URL_KEY} here".encode())) as receiver:
        assert "no *** here" in fault_of(outlet("webhook", receiver.url(PATHS["webhook"])), letter).message


def test_nobody_at_home_and_unknown_names_are_said_without_the_address(outlet, letter) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for host in (f"127.0.0.1:{port}", "nowhere.invalid"):
        fault = fault_of(outlet("webhook", f"https://{host}{PATHS['webhook']}"), letter)
        assert "连接不上" in fault.message


@pytest.mark.parametrize(
    "url",
    ["", "ftp://example.org/x", "not an address", "https://", f"http://example.org/{URL_KEY}",
     f"https://example.org:99999/{URL_KEY}", f"https://[::1/{URL_KEY}"],
)  # fmt: skip
def test_an_address_that_is_none_is_a_wrong_file_and_not_shown(url: str, outlet, letter, tmp_path) -> None:
    made = outlet("wecom", url or "x")
    (tmp_path / "url").write_text(url)
    fault = fault_of(made, letter)
    assert isinstance(fault, ConfigError)
    assert "example.org" not in fault.message


def test_a_file_that_others_may_read_is_refused(outlet: MakeOutlet, letter: Letter, tmp_path) -> None:
    made = outlet("wecom", f"https://example.org{PATHS['wecom']}")
    (tmp_path / "url").chmod(0o640)
    assert "chmod 600" in fault_of(made, letter).hint
    (tmp_path / "url").unlink()
    assert "文件不存在" in fault_of(made, letter).message


def test_the_address_may_lie_in_the_environment(outlet, letter, monkeypatch) -> None:
    made = outlet("wecom", url_env="INVENTED_URL")
    assert "INVENTED_URL 没有值" in fault_of(made, letter).message
    with receiving(giving(200, FINE)) as receiver:
        monkeypatch.setenv("INVENTED_URL", receiver.url(PATHS["wecom"]))
        sender.send(letter, made)
    assert len(receiver.seen) == 1


def test_certificates_are_checked_and_an_authority_of_ones_own_may_be_named(
    authority, outlet, letter
) -> None:
    good = authority.issue("good")
    with receiving(giving(200, FINE), certificate=good) as receiver:
        url = receiver.url(PATHS["wecom"])
        assert "证书不可信" in fault_of(outlet("wecom", url), letter).message
        sender.send(letter, outlet("wecom", url, ca_file=authority.ca_file))
    for name, options, words in (
        ("expired", {"days": -1}, "已过期"),
        ("other", {"subject": "DNS:other.example.org"}, "名称与网址不符"),
    ):
        with receiving(giving(200, FINE), certificate=authority.issue(name, **options)) as receiver:
            made = outlet("wecom", receiver.url(PATHS["wecom"]), ca_file=authority.ca_file)
            assert words in fault_of(made, letter).message
            assert receiver.seen == []


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_is_gone_through_with_its_password(kind: str, authority, outlet, letter, tmp_path) -> None:
    password = tmp_path / "proxy"
    password.write_text(alert_proxy.PASSWORD)
    password.chmod(0o600)
    with alert_proxy.running(kind) as running:
        proxy = Proxy(url=f"{kind}://127.0.0.1:{running.port}", user=alert_proxy.USER, password_file=password)
        for certificate in (None, authority.issue(f"proxied-{kind}")):
            with receiving(giving(200, FINE), certificate=certificate) as receiver:
                keys = {"ca_file": authority.ca_file, "proxy": proxy}
                sender.send(letter, outlet("wecom", receiver.url(PATHS["wecom"]), **keys))
                assert len(receiver.seen) == 1
                assert running.went_to[-1] == f"127.0.0.1:{receiver.port}"
        password.write_text("wrong-invented")
        with receiving(giving(200, FINE)) as receiver:
            url = receiver.url(PATHS["wecom"])
            assert "代理" in fault_of(outlet("wecom", url, proxy=proxy), letter).message
            assert receiver.seen == []
            sender.send(letter, outlet("wecom", url, proxy=proxy, use_proxy=False))


def test_proxies_of_the_environment_are_left_alone(outlet, letter, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiving(giving(200, FINE)) as receiver:
        sender.send(letter, outlet("wecom", receiver.url(PATHS["wecom"])))
        assert len(receiver.seen) == 1


def test_nothing_logs_the_address_even_where_everything_is_logged(outlet, letter, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(giving(200, FINE)) as receiver:
        sender.send(letter, outlet("dingtalk", receiver.url(PATHS["dingtalk"]), secret=SECRET))
    assert URL_KEY not in caplog.text and SECRET not in caplog.text


def test_people_are_called_for_what_is_critical_only(outlet, letter) -> None:
    calls = {"wecom": "<@zhangsan>", "dingtalk": "@13800000000", "feishu": '<at user_id=\\"ou_1\\"></at>'}
    names = {"wecom": "zhangsan", "dingtalk": "13800000000", "feishu": "ou_1"}
    for kind, call in calls.items():
        for mention_for, is_called in ((["critical"], True), (["warning"], False)):
            with receiving(giving(200, FINE)) as receiver:
                keys = {"mention": [names[kind]], "mention_for": mention_for}
                sender.send(letter, outlet(kind, receiver.url(PATHS[kind]), **keys))
            assert (call in receiver.seen[0].body.decode()) == is_called


def test_words_of_the_data_cannot_call_everybody_in_feishu(outlet, letter) -> None:
    from dataclasses import replace

    with receiving(giving(200, FINE)) as receiver:
        forged = replace(letter, text='<at user_id="all"></at>')
        sender.send(forged, outlet("feishu", receiver.url(PATHS["feishu"])))
    assert "<at" not in receiver.seen[0].json["content"]["text"]


def test_a_plain_webhook_may_want_words_in_the_answer(outlet, letter) -> None:
    with receiving(giving(200, b"received: yes")) as receiver:
        sender.send(letter, outlet("webhook", receiver.url("/hook"), expect="yes"))
        assert "expect" in fault_of(outlet("webhook", receiver.url("/hook"), expect="stored"), letter).message
        assert receiver.seen[0].json["ref"] == "MSG-2026-0001"
