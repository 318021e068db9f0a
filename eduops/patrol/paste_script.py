"""The script for terminals: what a bastion's menu leaves is to paste a text in and to copy one out."""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
NONCE_LENGTH = 10
# What systemd calls units; anything else does not go into a script.
_UNIT = re.compile(r"[A-Za-z0-9@._:\\-]+")


def make_nonce() -> str:
    """A word that nobody can guess, by which an answer is known to belong to its request."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(NONCE_LENGTH))


def render_script(host: str, nonce: str, agent_config: Mapping[str, JsonValue]) -> str:
    """The script for a host, to be pasted as it is into any POSIX shell; it reads and writes nothing but its output."""
    text = Path(__file__).with_name("paste.sh").read_text(encoding="utf-8")
    for name, value in (("HOST", host), ("NONCE", nonce), ("UNITS", " ".join(list_units(agent_config)))):
        text = text.replace(f"@{name}@", value)
    # Comments for programmers stay here; what the person on the host should read is Chinese.
    lines = [
        line for line in text.splitlines() if line.strip() and not (line.startswith("# ") and line.isascii())
    ]
    # A shell of its own reads it whole before it runs anything; the shell in front stays as it was.
    return "\n".join(["sh <<'EDUOPS_SCRIPT'", *lines, "EDUOPS_SCRIPT"]) + "\n"


def list_units(agent_config: Mapping[str, JsonValue]) -> list[str]:
    """The services that patrol.yaml expects on the host, as systemd's full names."""
    services = agent_config.get("services")
    expected = services.get("expected") if isinstance(services, dict) else None
    listed = expected if isinstance(expected, list) else []
    names = [name for name in listed if isinstance(name, str) and _UNIT.fullmatch(name)]
    return [name if "." in name else f"{name}.service" for name in names]
