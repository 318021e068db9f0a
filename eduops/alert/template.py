"""From facts to sentences: Jinja2 templates of the home's `templates/messages/`, else the shipped ones.

`<kind>.txt` says what every channel says, its first line being the title. Markdown is made of that text by the first
of `<kind>.<channel kind>.md`, `<kind>.md`, `<channel kind>.md`, `message.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from eduops.alert.configuration import KINDS, SEVERITIES
from eduops.alert.text import clean, defuse
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped

# Any: what a template is filled with; JSON values only.
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """A message in words: its first line, and the whole with it."""

    title: str
    text: str
    fault: str | None = None
    """Why the home's own template could not be used, and the shipped one was."""


def write(home: Path, zone: ZoneInfo, *, kind: str, severity: str, facts: Facts) -> Written:
    """The message's title and text. A home's own template that fails gives way to the shipped one: nothing is lost.

    Raises ConfigError where the shipped one fails as well.
    """
    own = home / "templates" / "messages"
    fault = None
    for folders in ((own, _shipped()), (_shipped(),)):
        try:
            text = _render(folders, zone, [f"{kind}.txt"], _values(kind, severity, facts)).strip()
            title, _, _ = text.partition("\n")
            if title:
                return Written(title.strip()[:200], text, fault)
            fault = fault or "第一行是空的，应是标题"
        except Exception as error:
            # Whatever somebody's template runs into: the alert must not be lost over it.
            fault = fault or _explain(error)
    raise ConfigError(
        f"提醒模板 {kind}.txt 不能用：{fault}", hint="改正 templates/messages 下的模板，或删掉它改用随附的"
    )


def write_markdown(
    home: Path, zone: ZoneInfo, *, kind: str, channel_kind: str, severity: str, text: str, facts: Facts
) -> str:
    """The message as Markdown for a channel; what came in with the data has no mark-up left."""
    own = home / "templates" / "messages"
    names = [f"{kind}.{channel_kind}.md", f"{kind}.md", f"{channel_kind}.md", "message.md"]
    title, _, body = text.partition("\n")
    lines = [defuse(clean(line)).strip() for line in body.strip().splitlines()]
    values = {**_values(kind, severity, facts), "title": defuse(clean(title)), "lines": lines}
    for folders in ((own, _shipped()), (_shipped(),)):
        try:
            return _render(folders, zone, names, values).strip()
        except Exception:  # noqa: S112 - as above; the grammar of templates is doctor's to name
            continue
    return text


def list_problems(home: Path) -> list[str]:
    """What is wrong with the templates of a home, a sentence each: their grammar, not yet their names."""
    own = home / "templates" / "messages"
    if not own.is_dir():
        return []
    problems = []
    environment = _environment((own,), ZoneInfo("UTC"))
    for path in sorted([*own.glob("*.txt"), *own.glob("*.md")]):
        try:
            environment.get_template(path.name)
        except (TemplateError, OSError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}：{_explain(error)}")
    return problems


def _values(kind: str, severity: str, facts: Facts) -> dict[str, Any]:  # Any: as `Facts`
    return {
        **facts,
        "kind": kind,
        "kind_text": KINDS[kind],
        "severity": severity,
        "severity_text": SEVERITIES[severity],
    }


# Any: as `Facts`
def _render(folders: Sequence[Path], zone: ZoneInfo, names: list[str], values: dict[str, Any]) -> str:
    return _environment(folders, zone).select_template(names).render(values)


def _environment(folders: Sequence[Path], zone: ZoneInfo) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=False,  # Plain text and Markdown; whatever a fact holds is cleaned below.
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finish,
    )
    environment.filters["at"] = partial(_render_instant, zone)
    return environment


def _finish(value: object) -> object:
    """A value on its way into the text: on one line, with nothing hidden in it."""
    return clean(value) if isinstance(value, str) else "" if value is None else value


def _render_instant(zone: ZoneInfo, value: str) -> str:
    """An instant of the facts as people read it, in the contract's zone."""
    return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M}"


def _explain(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    where = f"第 {line} 行，" if line else ""
    return f"{where}{type(error).__name__}：{clean(str(error))[:120]}"


def _shipped() -> Path:
    return find_shipped("templates", "messages")
