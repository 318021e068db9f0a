"""What a room refuses as wrong input is wrong usage where it was typed on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from eduops.core.errors import InputError, UsageError


@contextmanager
def typed_here() -> Iterator[None]:
    """Turns InputError into UsageError: no file is wrong, a word of the command is."""
    try:
        yield
    except InputError as error:
        raise UsageError(error.message, hint=error.hint) from error
