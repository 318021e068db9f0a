"""Databases and middleware through their own clients: passwords in files, bounded calls, reasons figure by figure."""

import os
import re
import stat
from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Mapping, Sequence

from eduops_agent.command import NotEnded, Output, run_program
from eduops_agent.context import Context, Failed, NotChecked, explain, path_of
from eduops_agent.rows import measure_rows

# Any: rows are JSON.
Row = Dict[str, Any]

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 5
LOCK_SECONDS = 1
_LONGEST_REASON = 200
_LARGEST_PASSWORD_FILE_BYTES = 64 * 1024
# Fewer characters than this occur in any sentence.
_SHORTEST_SECRET = 4


def measure_instances(
    context: Context, instances: Sequence[Row], measure_one: Callable[[Row, Context], Row], *, nothing: str
) -> List[Row]:
    """One row for each instance, measured side by side. Raises NotChecked with `nothing` where none is named."""
    if not instances:
        raise NotChecked(nothing)
    labelled = [({"name": wanted["name"]}, partial(measure_one, wanted, context)) for wanted in instances]
    return measure_rows(labelled, context.timeout_seconds)


def read_password_file(path: str) -> str:
    """The file's text. Raises NotChecked where it cannot be read or anybody but its owner may."""
    place = path_of(path)
    try:
        facts = os.stat(place)
        mode = stat.S_IMODE(facts.st_mode)
        # Windows has other rights than these.
        if os.name == "posix" and mode & 0o077:
            raise NotChecked(
                "密码文件 {} 的权限是 {:04o}，别的账号也能读写；改为 0600 后再巡检".format(path, mode)
            )
        with open(place, "rb") as stream:
            return stream.read(_LARGEST_PASSWORD_FILE_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise NotChecked("不能读取密码文件 {}：{}".format(path, explain(error))) from error


def run_client(
    words: Sequence[str],
    *,
    seconds: float,
    secrets: Iterable[str],
    text: str = "",
    variables: Mapping[str, str],
) -> Output:
    """Runs a client; its complaints hold none of the secrets. Raises Failed where the server keeps it waiting."""
    try:
        done = run_program(*words, seconds=seconds, text=text, variables=variables)
    except NotEnded as error:
        raise Failed("{:g} 秒内没有答复".format(round(seconds, 1))) from error
    return Output(done.code, done.stdout, hide_secrets(done.stderr, secrets))


# Any, here: JSON in, JSON out.
def hide_secrets(value: Any, secrets: Iterable[str]) -> Any:
    """JSON with each secret in its texts replaced by ***: a server may echo what it was told."""
    known = sorted((word for word in secrets if len(word) >= _SHORTEST_SECRET), key=len, reverse=True)
    return _hide(value, known)


def _hide(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {key: _hide(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, secrets) for item in value]
    return value


def shorten(text: str) -> str:
    """What a program said, on one line, cut to the length of a reason."""
    return re.sub(r"\s+", " ", text).strip()[:_LONGEST_REASON]


def build_unread(figures: Sequence[str], reason: str) -> Row:
    """Figures that could not be read, which stand as null beside this, and why."""
    return {"figures": list(figures), "reason": reason}


def compute_percent(part: Any, whole: Any) -> Any:
    """To a tenth; None where one of the two is not known or the whole is nought."""
    if part is None or not whole:
        return None
    return round(100.0 * part / whole, 1)
