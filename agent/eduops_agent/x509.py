"""The few facts of an X.509 certificate that a patrol needs, read straight from its DER (RFC 5280).

The standard library decodes only certificates that were verified, and OpenSSL only algorithms it knows; one that has
expired, is signed by itself or uses SM2 must tell its dates as well.
"""

import binascii
import re
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, NamedTuple

from eduops_agent.digest import sha256
from eduops_agent.instant import render_datetime

_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----(.+?)-----END", re.S)
_VERSION, _GENERALIZED_TIME, _BMP_STRING = 0xA0, 0x18, 0x1E
_COMMON_NAME, _ORGANIZATION = bytes([0x55, 4, 3]), bytes([0x55, 4, 10])


class _Element(NamedTuple):
    tag: int
    content: bytes


def parse_certificates(content: bytes) -> List[bytes]:
    """The DER of every certificate in a file, PEM or DER. Raises ValueError for PEM that is damaged."""
    blocks = _PEM.findall(content)
    return [binascii.a2b_base64(block) for block in blocks] if blocks else [content]


def parse_certificate(der: bytes) -> Dict[str, Any]:
    """Subject, issuer, serial number, both dates and the SHA-256 fingerprint. Raises ValueError for anything else."""
    try:
        parts = list(_walk(_walk_one(_walk_one(der))))
        if parts[0].tag == _VERSION:
            parts = parts[1:]
        serial, _, issuer, validity, subject = parts[:5]
        not_before, not_after = [_parse_time(element) for element in _walk(validity.content)]
    except (IndexError, ValueError, StopIteration) as error:
        raise ValueError("不是 X.509 证书") from error
    return {
        "subject": _parse_name(subject.content),
        "issuer": _parse_name(issuer.content),
        "serial": serial.content.hex(),
        "not_before": render_datetime(not_before),
        "not_after": render_datetime(not_after),
        "fingerprint_sha256": sha256(der).hexdigest(),
    }


def _walk(content: bytes) -> Iterator[_Element]:
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
        if at + length > len(content):
            raise ValueError("truncated")
        yield _Element(tag, content[at : at + length])
        at += length


def _walk_one(content: bytes) -> bytes:
    return next(_walk(content)).content


def _parse_time(element: _Element) -> datetime:
    digits = element.content.decode("ascii")
    if element.tag != _GENERALIZED_TIME:
        # RFC 5280, 4.1.2.5.1: two digits from 50 on are of the last century.
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _parse_name(content: bytes) -> str:
    """The common name, or the organisation, or nothing."""
    found = {}
    for group in _walk(content):
        for pair in _walk(group.content):
            kind, value = list(_walk(pair.content))[:2]
            encoding = "utf-16-be" if value.tag == _BMP_STRING else "utf-8"
            found[kind.content] = value.content.decode(encoding, "replace")
    return found.get(_COMMON_NAME) or found.get(_ORGANIZATION) or ""
