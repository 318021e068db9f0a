"""backup.yaml: the home's own where there is one, else the shipped one. It holds no secret, only where one lies."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eduops.core.config import load_yaml
from eduops.core.errors import NotFound
from eduops.core.shipped import find_shipped

NAME = "backup.yaml"
HOME = "home"
"""The source that every home has, and its engine."""

Port = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
"""A name or an address: it holds no spaces."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""The name of a source, store or place: it becomes part of file names."""
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Count = Annotated[int, Field(ge=0, le=1000)]
Hours = Annotated[float, Field(gt=0, le=10_000)]
Minutes = Annotated[float, Field(gt=0, le=10_000)]
_SERVERS = ("postgresql", "mariadb")
Named = TypeVar("Named")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreKind(StrEnum):
    """What a store is made of."""

    DIRECTORY = "directory"
    RESTIC = "restic"


class PlaceKind(StrEnum):
    """What a second place is made of."""

    DIRECTORY = "directory"
    SFTP = "sftp"


class Engine(StrEnum):
    """What is dumped, and how."""

    HOME = "home"
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"
    DIRECTORY = "directory"


class Store(_Part):
    """Where backups are kept. Relative paths lie in the home."""

    kind: StoreKind = StoreKind.DIRECTORY
    path: Path | None = None
    """Of a directory."""
    encryption: Literal["none", "age"] = "none"
    """Of a directory; restic encrypts by itself."""
    recipients: tuple[Annotated[str, Field(pattern=r"^age1[a-z0-9]+$")], ...] = ()
    """age's public keys; whoever has one of the private halves can restore."""
    identity_file: Path | None = None
    """age's private half, by which backups are verified and restored here."""
    repository: str | None = None
    """Of restic."""
    password_file: Path | None = None
    """Of restic's repository."""

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if self.kind is StoreKind.DIRECTORY and self.path is None:
            raise ValueError("kind: directory 要写 path")
        if self.kind is StoreKind.RESTIC and (self.repository is None or self.password_file is None):
            raise ValueError("kind: restic 要写 repository 和 password_file")
        if self.kind is StoreKind.RESTIC and self.encryption != "none":
            raise ValueError("restic 自己加密，不写 encryption")
        if self.encryption == "age" and not self.recipients:
            raise ValueError("encryption: age 要写 recipients（age 公钥，age1 开头）")
        return self


class Place(_Part):
    """A second place, to which backups are copied."""

    kind: PlaceKind = PlaceKind.DIRECTORY
    path: Path
    host: Word | None = None
    """Of SFTP: a host's code, or a bastion of remote.yaml."""

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if (self.kind is PlaceKind.SFTP) != (self.host is not None):
            raise ValueError("kind: sftp 要写 host（主机代码），kind: directory 不写")
        return self


class Keep(_Part):
    """How many backups are kept: the newest of so many days, weeks, months, years, and the last few."""

    last: Count = 3
    daily: Count = 7
    weekly: Count = 5
    monthly: Count = 12
    yearly: Count = 2


class Login(_Part):
    """How a database server is reached."""

    address: Word | None = None
    """A name, an address, or the folder of its Unix socket (PostgreSQL) or the socket itself (MariaDB)."""
    port: Port | None = None
    user: Word | None = None
    password_file: Path | None = None
    """A file of mode 0600 with the password alone."""
    password_env: Variable | None = None
    """The environment variable with the password."""
    through: Word | None = None
    """The host that forwards to it: a host's code, or a bastion of remote.yaml."""

    @model_validator(mode="after")
    def _check_secret(self) -> Self:
        if self.password_file and self.password_env:
            raise ValueError("password_file 和 password_env 只能写一个")
        return self


class Scratch(Login):
    """Where drills restore to: a folder, or a database server."""

    path: Path | None = None
    """The folder in which a drill makes a folder of its own; the system's temporary one where it is left out."""
    same_server: bool = False
    """Whether the source's own server may be restored to, into a database of another name."""
    database: Word | None = None
    """PostgreSQL: the database to log in to in order to create others; postgres where it is left out."""

    @model_validator(mode="after")
    def _check_server(self) -> Self:
        if self.same_server and self.address is not None:
            raise ValueError("same_server: true 时不写 address")
        return self


class Source(Login):
    """What is backed up, and what is expected of it."""

    engine: Engine
    store: str = "main"
    places: tuple[str, ...] = ()
    """Second places that every new backup is copied to."""
    max_age_hours: Hours | None = None
    """How old the newest backup may be; nobody can tell whether it is too old where this is left out."""
    restore_limit_minutes: Minutes = 60
    """How long a restore may take (one hour by the contract)."""
    keep: Keep = Keep()
    path: Path | None = None
    """Of SQLite and directories; of the home nothing."""
    exclude: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Of directories: patterns of paths or names that are left out."""
    database: Word | None = None
    """Of PostgreSQL and MariaDB."""
    sentinel: bool = False
    """Whether a row (or a file) may be written into the source before each backup, to be found again after a restore."""
    scratch: Scratch = Scratch()

    @model_validator(mode="after")
    def _check_engine(self) -> Self:
        is_server = self.engine in _SERVERS
        if is_server and (self.address is None or self.database is None or self.user is None):
            raise ValueError(f"engine: {self.engine} 要写 address、database 和 user")
        if self.engine in (Engine.SQLITE, Engine.DIRECTORY) and self.path is None:
            raise ValueError(f"engine: {self.engine} 要写 path")
        if not is_server and (self.address or self.database or self.through):
            raise ValueError(f"engine: {self.engine} 不写 address、database 和 through")
        if self.exclude and self.engine is not Engine.DIRECTORY:
            raise ValueError("exclude 只用于 engine: directory")
        return self


class BackupConfig(_Part):
    """The whole file, checked."""

    stores: dict[Name, Store] = Field(default_factory=lambda: {"main": Store(path=Path("backups"))})
    places: dict[Name, Place] = Field(default_factory=dict)
    sources: dict[Name, Source] = Field(
        default_factory=lambda: {HOME: Source(engine=Engine.HOME, max_age_hours=26)}
    )

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        problems = [
            f"sources.{name}.store 写的「{source.store}」不在 stores 里"
            for name, source in self.sources.items()
            if source.store not in self.stores
        ]
        problems += [
            f"sources.{name}.places 写的「{place}」不在 places 里"
            for name, source in self.sources.items()
            for place in source.places
            if place not in self.places
        ]
        problems += [
            f"sources.{name} 的 engine 是 home，只有名为 home 的来源可以"
            for name, source in self.sources.items()
            if (source.engine is Engine.HOME) != (name == HOME)
        ]
        if problems:
            raise ValueError("；".join(problems))
        return self


def find_config_path(home: Path) -> Path:
    """The file in force: `<home>/backup.yaml`, else the shipped example."""
    own = home / NAME
    return own if own.exists() else find_shipped("configs", NAME)


def load_config(home: Path) -> BackupConfig:
    """The file in force as checked values. Raises ConfigError with every problem."""
    return load_yaml(find_config_path(home), BackupConfig)


def get_source(config: BackupConfig, name: str) -> Source:
    """The source of that name. Raises NotFound with the names there are."""
    return _get(config.sources, name, "来源")


def get_store(config: BackupConfig, name: str) -> Store:
    """The store of that name. Raises NotFound with the names there are."""
    return _get(config.stores, name, "存放处")


def get_place(config: BackupConfig, name: str) -> Place:
    """The second place of that name. Raises NotFound with the names there are."""
    return _get(config.places, name, "异地存放处")


def in_home(path: Path, home: Path) -> Path:
    """A path of the file as it lies on the disk."""
    return home / path.expanduser()


def _get(table: dict[str, Named], name: str, kind: str) -> Named:
    if name not in table:
        raise NotFound(
            f"backup.yaml 里没有{kind}「{name}」",
            hint=f"已有的是：{'、'.join(table) or '（没有）'}；改名或补写后重试",
        )
    return table[name]
