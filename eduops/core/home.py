"""EDUOPS_HOME: the one folder that holds everything of an installation, and its `eduops.yaml`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, Field

from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError

DEFAULT_HOME = "~/.local/share/eduops"
FOLDERS = ("contracts", "templates", "attachments", "backups", "reports", "spool", "logs")
CONTRACT_NAME = "remote-education-2024-2026.yaml"


class Settings(BaseModel):
    """What `eduops.yaml` may say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contract: str = f"contracts/{CONTRACT_NAME}"
    """The contract file, relative to the home."""
    customer: str = "甲方（医院）"
    """The customer's name, as documents print it."""
    vendor: str = "乙方（运维单位）"
    """The vendor's name, as documents print it."""
    log_days: int = Field(default=365, ge=180, le=36500)
    """For how many days the run log is kept in `logs/`; the contract wants 180 at least (3.2(6))."""
    invented: bool = False
    """True in a home whose data are invented (`eduops demo`); documents say so on their cover."""


@dataclass(frozen=True)
class Home:
    """The folder and what lies where in it."""

    path: Path
    url: str | None = None
    """Where the database lies, if not in the home (EDUOPS_DATABASE_URL)."""
    key_file: Path | None = None
    """The key of personal data, if not in the home (EDUOPS_KEY_FILE)."""

    @property
    def settings_path(self) -> Path:
        return self.path / "eduops.yaml"

    @property
    def database_path(self) -> Path:
        """The SQLite file: in the home, or where the set address says."""
        named = (self.url or "").partition(":///")[2].partition("?")[0]
        return Path(unquote(named)) if named and self.uses_sqlite else self.path / "eduops.db"

    @property
    def key_path(self) -> Path:
        """The key that personal data are encrypted with."""
        return self.key_file or self.path / "personal.key"

    @property
    def database_url(self) -> str:
        """The database's address: the one that was set, else the SQLite file in the home."""
        return self.url or f"sqlite:///{quote(str(self.path / 'eduops.db'))}"

    @property
    def uses_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.database_url.startswith("sqlite")

    def require(self) -> None:
        """Raises ConfigError where the home was never laid out or this account may not enter it."""
        if not self.is_there:
            raise ConfigError(
                f"数据目录 {self.path} 不存在或无权进入",
                hint="先运行 eduops init，或用 --home 指定已有的数据目录",
            )

    @property
    def is_there(self) -> bool:
        """Whether the folder exists and this account may enter it; a folder behind a closed door is not there."""
        try:
            return self.path.is_dir() and os.access(self.path, os.R_OK | os.X_OK)
        except OSError:
            return False

    def folder(self, name: str) -> Path:
        """One of FOLDERS."""
        return self.path / name

    def load_settings(self) -> Settings:
        """`eduops.yaml`, or the defaults where there is none. Raises ConfigError with every problem."""
        if not self.settings_path.exists():
            return Settings()
        return load_yaml(self.settings_path, Settings)


def find_home(option: Path | None, environment: Mapping[str, str]) -> Home:
    """The home that was asked for: the option, else EDUOPS_HOME, else the default.

    With EDUOPS_DATABASE_URL and EDUOPS_KEY_FILE.

    Raises ConfigError where nobody knows whose home folder `~` is.
    """
    chosen = option or Path(environment.get("EDUOPS_HOME") or DEFAULT_HOME)
    try:
        path = chosen.expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(
            f"数据目录 {chosen} 里的 ~ 不知道指谁", hint="把 --home 或 EDUOPS_HOME 写成完整路径"
        ) from error
    key_file = environment.get("EDUOPS_KEY_FILE")
    return Home(path, environment.get("EDUOPS_DATABASE_URL") or None, Path(key_file) if key_file else None)
