"""One question to a web server of this host: no redirects, no proxy, nothing sent that would be worth reading."""

import time
from typing import NamedTuple, Optional

from eduops_agent import __version__
from eduops_agent.context import Failed, explain

_LARGEST_PAGE_BYTES = 64 * 1024


class Page(NamedTuple):
    """What came back."""

    status: int
    seconds: float
    server: Optional[str]
    text: str


def fetch(url: str, seconds: float) -> Page:
    """The page at the address, its first 64 KB. Raises Failed where nobody answers or what answers is no web server."""
    # Late: these cost more memory than all the rest of the agent.
    import http.client
    import ssl
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    started = time.monotonic()
    if parts.scheme == "https":
        # Certificates are another probe's; here it matters only that somebody answers.
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=unverified)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    try:
        connection.request("GET", path, headers={"User-Agent": "eduops-agent/" + __version__})
        answer = connection.getresponse()
        text = answer.read(_LARGEST_PAGE_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise Failed("{} 没有正常答复：{}".format(url, explain(error))) from error
    finally:
        connection.close()
    return Page(answer.status, round(time.monotonic() - started, 3), answer.getheader("Server"), text)
