"""remote.yaml: the home's own where there is one, else the shipped one. It holds no secret, only where one lies."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eduops.core.config import load_yaml, placed
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped

_NAME = "remote.yaml"

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0.1, le=3600)]
Word = Annotated[str, Field(min_length=1, pattern=r"^[^\s\x00-\x1f\x7f-\x9f]+$")]
"""A name or an address: it holds no spaces and no control characters."""
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _check_path(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("路径里有空字符，不能是文件名；重新写这一项")
    try:
        path.expanduser()
    except RuntimeError:
        raise ValueError(f"本机没有用户 {path.parts[0]}，不知道它的主目录；写绝对路径") from None
    return path


LocalPath = Annotated[Path, AfterValidator(_check_path)]
"""A file of this machine, seen from the home; `~` and `~user` are somebody's home directory here."""


class Kind(StrEnum):
    """How a bastion lets one through: by forwarding, or by a user name that also says where to."""

    OPENSSH = "openssh"
    JUMPSERVER = "jumpserver"


class Login(BaseModel):
    """How to log in to one machine. What is None is as the defaults have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Word | None = None
    port: Port | None = None
    key_file: LocalPath | None = None
    passphrase_file: LocalPath | None = None
    """The file with the key's passphrase."""
    passphrase_env: Variable | None = None
    """The environment variable with the key's passphrase."""
    password_file: LocalPath | None = None
    password_env: Variable | None = None
    use_agent: bool | None = None
    connect_seconds: Seconds | None = None
    """For reaching the machine, for its greeting and for logging in, each."""

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        for what in ("passphrase", "password"):
            if getattr(self, f"{what}_file") and getattr(self, f"{what}_env"):
                raise ValueError(f"{what}_file 和 {what}_env 只能写一个")
        return self


class HostLogin(Login):
    """How to log in to a host, and what is special there."""

    overall_seconds: Seconds | None = None
    """For a host's whole patrol."""
    spool: Annotated[str, Field(pattern=r"^/[^\x00]*$")] | None = None
    """The folder there in which `eduops-agent loop` keeps its documents."""


class Bastion(Login):
    """A machine that others are reached through."""

    kind: Kind = Kind.OPENSSH
    address: Word
    via: str | None = None
    """The bastion that this one is reached through."""


class RemoteConfig(BaseModel):
    """The whole file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: Annotated[int, Field(ge=1, le=100)] = 8
    """How many hosts at a time."""
    defaults: HostLogin = HostLogin()
    bastions: dict[str, Bastion] = Field(default_factory=dict)
    hosts: dict[str, HostLogin] = Field(default_factory=dict)
    """By host code."""

    @model_validator(mode="after")
    def _check_chains(self) -> Self:
        problems = [problem for name in self.bastions for problem in self._chain_problems(name)]
        if problems:
            raise placed(problems)
        return self

    def _chain_problems(self, name: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """(place, what is wrong there) of the chain that begins at the bastion."""
        seen, at = [name], self.bastions[name]
        while at.via is not None:
            if at.via not in self.bastions:
                # Chains that lead here say the same of the same place.
                if len(seen) == 1:
                    yield ("bastions", name, "via"), f"「{at.via}」不在 bastions 里"
                return
            if at.via in seen:
                yield ("bastions", name, "via"), f"绕成了圈：{' → '.join([*seen, at.via])}"
                return
            seen.append(at.via)
            at = self.bastions[at.via]
            if at.kind is Kind.JUMPSERVER:
                said = f"不能经 JumpServer「{seen[-1]}」转到另一台堡垒机"
                yield ("bastions", name, "via"), said
                return


def find_config_path(home: Path) -> Path:
    """The file in force: `<home>/remote.yaml`, else the shipped example."""
    own = home / _NAME
    return own if own.exists() else find_shipped("configs", _NAME)


def load_config(home: Path) -> RemoteConfig:
    """The file in force as checked values. Raises ConfigError with every problem."""
    return load_yaml(find_config_path(home), RemoteConfig)


def overall_seconds(config: RemoteConfig, code: str) -> float:
    """How long a host's patrol may take."""
    return config.hosts.get(code, HostLogin()).overall_seconds or config.defaults.overall_seconds or 240.0


def ssh_port(config: RemoteConfig, code: str) -> int:
    """The SSH port of a host."""
    return config.hosts.get(code, HostLogin()).port or config.defaults.port or 22


def get_spool(config: RemoteConfig, code: str) -> str:
    """The host's spool folder. Raises ConfigError where none is named."""
    found = config.hosts.get(code, HostLogin()).spool or config.defaults.spool
    if found is None:
        raise ConfigError(
            f"remote.yaml 没有写主机 {code} 的 spool 目录",
            hint=f"在 hosts.{code}.spool 或 defaults.spool 写上该主机上 eduops-agent loop 的存放目录",
        )
    return found
