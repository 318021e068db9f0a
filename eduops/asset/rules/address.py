"""Where a host is reached: what may be an address, and when two hosts would be one machine."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

LOCAL_ADDRESS = "local"
"""The address of the machine that eduops itself runs on."""
SSH_PORT = 22
_MOST_CHARACTERS = 253
# Underscores are no part of a host name by RFC 1123, and names inside a hospital have them all the same.
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_FIGURES = re.compile(r"[0-9.]+")

PortOf = Callable[[str], int]
"""The SSH port of a host's code, as `remote.yaml` has it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a host is reached. Two hosts with the same way are one machine under two codes."""

    address: str
    port: int
    bastion: str | None

    def __str__(self) -> str:
        through = f"，经堡垒机 {self.bastion}" if self.bastion else ""
        return f"{self.address} 端口 {self.port}{through}"


def usual_port(_code: str) -> int:
    """The port where nothing else is said."""
    return SSH_PORT


def is_address(text: str) -> bool:
    """Whether it is a host name, an IPv4 or an IPv6 address (without brackets, a zone allowed), or `local`.

    A host name is ASCII labels of letters, digits, dashes and underscores, as RFC 1123 has them; an asset's id in
    JumpServer is of that form, too. User, port and brackets belong into `remote.yaml`.
    """
    if not text or len(text) > _MOST_CHARACTERS:
        return False
    if ":" in text or _FIGURES.fullmatch(text):
        return _parse_ip(text) is not None
    return all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def is_local(address: str) -> bool:
    """Whether the address means the machine that eduops itself runs on."""
    return address == LOCAL_ADDRESS


def list_clashes(
    places: Iterable[tuple[str, str, str | None]], port_of: PortOf
) -> Iterator[tuple[Way, list[str]]]:
    """Of (code, address, bastion): every way that several have, with their codes in the order given.

    Ports are asked for only where addresses are the same in any spelling; `local` needs no way.
    """
    for (address, bastion), codes in _group(places).items():
        ports = {code: port_of(code) for code in codes} if len(codes) > 1 else {}
        for port in dict.fromkeys(ports.values()):
            same = [code for code in codes if ports[code] == port]
            if len(same) > 1:
                yield Way(address, port, bastion), same


def _group(places: Iterable[tuple[str, str, str | None]]) -> dict[tuple[str, str | None], list[str]]:
    found: dict[tuple[str, str | None], list[str]] = {}
    for code, address, bastion in places:
        if not is_local(address):
            plain = address.removesuffix(".").lower()
            found.setdefault((_parse_ip(plain) or plain, bastion or None), []).append(code)
    return found


def _parse_ip(text: str) -> str | None:
    """The usual spelling of an IP address."""
    plain, percent, zone = text.partition("%")
    if percent and not _ZONE.fullmatch(zone):
        return None
    try:
        return f"{ipaddress.ip_address(plain)}{percent}{zone}"
    except ValueError:
        return None
