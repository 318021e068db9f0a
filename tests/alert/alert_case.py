"""What tests of alerts share: when letters are sent, and the secrets that must not be seen."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from eduops.alert.sender.letter import Outlet

SENT_AT = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
URL_KEY = "url-key-11112222-invented"
SECRET = "SEC-signing-33334444-invented"

MakeOutlet = Callable[..., Outlet]


def write_closed(path: Path, text: str) -> Path:
    """A file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path
