"""Which Word template is used: the hospital's own copy, else the shipped one."""

from pathlib import Path

from eduops.core.shipped import find_shipped


def find_template(home: Path | None, name: str) -> Path:
    """The template `name` ("quarterly_report.docx") in `<home>/templates/`, else the shipped one.

    Raises ConfigError where neither is there.
    """
    own = home / "templates" / name if home else None
    return own if own and own.is_file() else find_shipped("templates", name)
