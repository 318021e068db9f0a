"""How wide each column of a table may be: references and instants stay whole, prose gives way."""

import re
from collections.abc import Sequence

from rich.cells import cell_len

_WORD = re.compile(r"[!-~]+")
_LONGEST_WHOLE_WORD = 32
_PROSE = 12


def least_width(texts: Sequence[str]) -> int:
    """Columns of the terminal below which a table's column cannot be read: its longest word, a dozen for prose."""
    longest = max(map(cell_len, texts), default=0)
    words = [len(word) for text in texts for word in _WORD.findall(text)]
    return max([min(longest, _PROSE), *(length for length in words if length <= _LONGEST_WHOLE_WORD)])


def share_widths(natural: Sequence[int], least: Sequence[int], available: int) -> list[int] | None:
    """Widths between `least` and `natural` within `available`: the widest columns give way first.

    None where everything fits, or nothing helps.
    """
    if sum(natural) <= available or sum(least) > available:
        return None
    shares = (
        [max(low, min(high, level)) for high, low in zip(natural, least, strict=True)]
        for level in range(available, -1, -1)
    )
    return next(share for share in shares if sum(share) <= available)
