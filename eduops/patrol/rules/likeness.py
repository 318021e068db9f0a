"""Whether a document says word for word what the one before it said, so that it need not be looked at again."""

import marshal
from dataclasses import dataclass
from typing import Any

_PLAIN = 2
"""The form without references, in which the same values are the same bytes."""


@dataclass(slots=True)
class Heard:
    """JSON values that were looked at, to be told from those that only compare equal: in Python true is 1 and 1.0."""

    value: Any  # Any: JSON
    _written: bytes | None = None

    def is_same(self, other: Any) -> bool:
        """Whether the values are these, in the same order of keys; those not in the same order are looked at anew."""
        if other is self.value:
            return True
        if other != self.value:
            return False
        if self._written is None:
            self._written = marshal.dumps(self.value, _PLAIN)
        return marshal.dumps(other, _PLAIN) == self._written
