"""Characters that a terminal obeys instead of showing, made visible."""

import re

# C0 but for tab and newline, DEL, C1, and what turns the direction of writing around.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""The text with such characters written out: `\x1b`, `\u202e`."""
    return _OBEYED.sub(lambda found: _written(ord(found.group())), text)


def visible_in_json(text: str) -> str:
    """JSON with such characters escaped: to a program the same value."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
