"""The document: put together, checked by its sum, written as text."""

import json
import os
import re
from typing import Any, Dict, List

from eduops_agent import __version__
from eduops_agent.digest import hmac_sha256, sha256

SCHEMA = 1
# All but tab and newline.
_CONTROLS = "[\x00-\x08\x0b-\x1f\x7f-\x9f]"

# Any: the document is JSON.
Document = Dict[str, Any]


def build_document(
    sections: List[Document],
    *,
    host: Document,
    measured_at: str,
    interval_seconds: float,
    psutil_version: Any,
    is_light: bool = False,
    spool: Any = None,
) -> Document:
    """The whole document, checksum included. `light` and `spool` are there only where there is something to tell."""
    document: Document = {
        "schema": SCHEMA,
        "agent_version": __version__,
        "psutil_version": psutil_version,
        "host": clean(host),
        "measured_at": measured_at,
        "interval_seconds": interval_seconds,
        "probes": sections,
    }
    if is_light:
        document["light"] = True
    if spool is not None:
        document["spool"] = spool
    document["checksum"] = compute_checksum(document)
    return document


def compute_checksum(document: Document) -> str:
    """SHA-256, in hexadecimal digits, of the document without its key `checksum` as canonical JSON.

    Canonical: keys sorted, no spaces, everything outside ASCII escaped.
    """
    rest = {key: value for key, value in document.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode("ascii")).hexdigest()


def render_document(document: Document) -> str:
    """The document as text: ASCII in short lines, so that it survives any terminal it is copied out of."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read_host() -> Document:
    """Who this host is. The machine's id is kept as a keyed hash, as machine-id(5) asks of applications."""
    machine_id_hash = None
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            with open(path, "rb") as stream:
                machine_id = stream.read().strip()
        except OSError:
            continue
        if machine_id:
            machine_id_hash = hmac_sha256(machine_id, b"eduops-agent")
            break
    return {"hostname": _read_name(), "machine_id_hash": machine_id_hash}


def _read_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket

    return socket.gethostname()


def clean(value: Any) -> Any:
    """JSON without half characters (file names that are no UTF-8) and control characters, floats to a millionth.

    A process or a log line may hold what a terminal would obey. Readers refuse a document with such: U+FFFD stands there.
    """
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def _clean_text(text: str) -> str:
    if not text.isprintable():
        text = re.sub(_CONTROLS, "\ufffd", text.replace("\r", " "))
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        # Bytes that Python 3.6 took for no ASCII stand as U+DC80..U+DCFF; other lone halves mean nothing.
        bytes_kept = re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text)
        return bytes_kept.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
