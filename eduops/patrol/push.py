"""The agent as it travels to a host: a packed folder with psutil for the known platforms, and how it is run there."""

import gzip
import io
import json
import shlex
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from eduops.core.shipped import agent_path
from eduops.patrol.push_wheel import Psutil

MARK = b"== eduops-agent =="
"""The line after which standard output is the agent's; a login script may have said something before."""
_SENT = (".py", ".json")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What every host gets, packed once."""

    packed: bytes
    size_bytes: int
    """Unpacked."""


def build_bundle(psutils: Sequence[Psutil]) -> Bundle:
    """The agent and psutil for each platform; which one fits is seen on the host."""
    root = agent_path()
    files = {
        f"agent/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted((root / "eduops_agent").rglob("*"))
        if path.suffix in _SENT and path.is_file()
    }
    for psutil in psutils:
        files |= {f"psutil-{psutil.machine}/{name}": content for name, content in psutil.files.items()}
    raw = _pack(files, is_last=False)
    return Bundle(gzip.compress(raw, mtime=0), len(raw))


def pack_for(bundle: Bundle, agent_config: Mapping[str, JsonValue]) -> bytes:
    """The bundle with a host's own configuration."""
    config = json.dumps(agent_config, ensure_ascii=False).encode("utf-8")
    # gzip takes packed parts one after the other as one whole: the large part is packed only once.
    return bundle.packed + gzip.compress(_pack({"agent.json": config}, is_last=True), mtime=0)


def build_command(size_bytes: int, *, seconds: float) -> str:
    """The shell command that reads so many bytes, runs them and tidies up, at the latest after `seconds`."""
    text = Path(__file__).with_name("push.sh").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    script = "\n".join(lines)
    for name, value in (
        ("SIZE", str(size_bytes)),
        ("SECONDS", f"{seconds:.0f}"),
        ("MARK", repr(MARK.decode())),
    ):
        script = script.replace(name, value)
    return f"exec sh -c {shlex.quote(script)}"


def _pack(files: Mapping[str, bytes], *, is_last: bool) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
        end = archive.offset
    # Without its end mark a part can be followed by another one.
    return buffer.getvalue() if is_last else buffer.getvalue()[:end]
