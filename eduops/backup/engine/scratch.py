"""The guard of scratch places: made new under a name that nothing else has, marked, and only the marked are removed."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from eduops.backup.engine.job import is_scratch_name
from eduops.core.errors import NotAllowed, OutsideError
from eduops.core.files import render_reason

MARKER: Final = ".eduops-scratch"


def require_scratch_name(name: str) -> None:
    """Raises NotAllowed for a name that something else could have."""
    if not is_scratch_name(name):
        raise NotAllowed(
            f"「{name}」不是演练用的名称，拒绝恢复到那里",
            hint="演练用的库名和目录名以 eduops_scratch_ 开头，后面是小写字母、数字和下划线",
        )


def make_folder(folder: Path, *, token: str) -> None:
    """A new folder with our marker. Raises NotAllowed where anything of that name is there, OutsideError."""
    require_scratch_name(folder.name)
    try:
        folder.mkdir(mode=0o700)
        (folder / MARKER).write_text(token, encoding="ascii")
    except FileExistsError as error:
        raise NotAllowed(
            f"演练目录 {folder} 已经存在，拒绝写入", hint="换一个名称，或先查明它是谁的再移走"
        ) from error
    except OSError as error:
        raise OutsideError(
            f"不能建立演练目录 {folder}：{render_reason(error)}",
            hint="检查空间和权限；backup.yaml 的 scratch.path 可以换一个位置",
            source=str(folder.parent),
        ) from error


def remove_folder(folder: Path, *, token: str) -> None:
    """Removes a scratch folder; nothing to do where it is gone.

    Raises NotAllowed for one whose marker is not ours, OutsideError where it cannot be removed.
    """
    require_scratch_name(folder.name)
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not _is_ours(folder, token):
        raise NotAllowed(f"目录 {folder} 没有这次演练的标记，不删除", hint="查明它是谁的，再自行处理")
    try:
        _open_up(folder)
        # The marker goes last: what is left of a removal that was killed is still ours.
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MARKER):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        folder.rmdir()
    except OSError as error:
        raise OutsideError(
            f"演练目录 {folder} 没有清理干净：{render_reason(error)}",
            hint="检查权限后自行删除",
            source=str(folder),
        ) from error


def attempt(step: Callable[[], None], faults: list[str]) -> None:
    """Cleans up one thing; what goes wrong is told and holds up no other."""
    try:
        step()
    except (NotAllowed, OutsideError) as error:
        faults.append(error.message)


def _is_ours(folder: Path, token: str) -> bool:
    marker = folder / MARKER
    if not marker.exists():
        # Killed between making the folder and marking it: nothing is in it.
        return not any(folder.iterdir())
    return marker.read_text(encoding="ascii", errors="replace") == token


def _open_up(folder: Path) -> None:
    """Lets the owner into every folder, whatever modes were restored."""
    for parent, names, _files in os.walk(folder):
        for name in names:
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
