"""Web addresses: the status, how long it took, and whether the expected text is there."""

import time
from typing import Any, Dict

from eduops_agent import __version__
from eduops_agent.context import Context, Failed, NotChecked, explain, path_of
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.redaction import redact_secrets
from eduops_agent.rows import measure_rows

NAME = "urls"
TITLE = "网址：状态码、耗时、页面文字"

_ANSWER_SECONDS = 10.0
_LARGEST_PAGE_BYTES = 1024 * 1024


def measure(context: Context) -> Dict[str, Any]:
    """One row for each address of the configuration. Raises NotChecked where it names none."""
    if not context.settings:
        raise NotChecked(UNCONFIGURED[NAME])
    labelled = [
        ({"name": wanted["name"], "url": redact_secrets(wanted["url"])}, _measurer(wanted))
        for wanted in context.settings
    ]
    return {"urls": measure_rows(labelled, context.timeout_seconds)}


def parse_page(content: bytes, text: str, charset: str) -> bool:
    """Whether the text is on the page."""
    try:
        return text in content.decode(charset, "replace")
    except LookupError:
        return text in content.decode("utf-8", "replace")


def _measurer(wanted: Dict[str, Any]) -> Any:
    return lambda: _fetch(wanted)


def _fetch(wanted: Dict[str, Any]) -> Dict[str, Any]:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(wanted["url"], headers={"User-Agent": "eduops-agent/" + __version__})
    seconds = wanted.get("timeout_seconds", _ANSWER_SECONDS)
    started = time.monotonic()
    try:
        answer = _build_opener(wanted.get("ca_file")).open(request, timeout=seconds)
    except urllib.error.HTTPError as error:
        # 404 and 500 are answers like any other.
        answer = error
    except urllib.error.URLError as error:
        reason = error.reason if isinstance(error.reason, BaseException) else error
        raise Failed(explain(reason)) from error
    with answer:
        content = _read(answer, started + seconds)
        charset = answer.headers.get_content_charset("utf-8")
    text = wanted.get("text")
    return {
        "http_status": answer.getcode(),
        "seconds": round(time.monotonic() - started, 3),
        "size_bytes": len(content),
        # None where no text is asked for.
        "text_found": parse_page(content, text, charset) if text else None,
    }


def _build_opener(ca_file: Any) -> Any:
    import ssl
    import urllib.request

    verified = ssl.create_default_context(cafile=path_of(ca_file) if ca_file else None)
    # The host itself is measured, not the way through a proxy of the environment.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=verified)
    )


def _read(answer: Any, until: float) -> bytes:
    content = b""
    while len(content) < _LARGEST_PAGE_BYTES:
        # A server that drips would pass the timeout of each single read.
        if time.monotonic() > until:
            raise Failed("超时，只收到 {} 字节".format(len(content)))
        chunk = answer.read1(65536) if hasattr(answer, "read1") else answer.read(65536)
        if not chunk:
            break
        content += chunk
    return content
