"""What a host may be called and be: codes, roles, environments."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from eduops.core.errors import InputError

LOCAL_ADDRESS = "local"
"""The address of the machine that eduops itself runs on."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Role(StrEnum):
    """What a host does; thresholds differ by it."""

    APPLICATION = "application"
    DATABASE = "database"
    WEB = "web"
    ALL_IN_ONE = "all_in_one"


class Environment(StrEnum):
    """Whether the contract's patrol duty holds for a host: it does for production."""

    PRODUCTION = "production"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class NewHost:
    """A host as somebody describes it."""

    code: str
    name: str
    role: Role
    environment: Environment
    address: str
    campus: str | None = None
    bastion: str | None = None
    owner: str | None = None
    warranty_until: date | None = None
    is_invented: bool = False


def check_new_host(host: NewHost) -> None:
    """Raises InputError where the code, the name or the address cannot be used."""
    if not _CODE.fullmatch(host.code):
        raise InputError(
            f"主机代码「{host.code}」不能用",
            hint="用英文字母、数字、点、下划线或连字符，以字母或数字开头，最多 40 个字符，例如 app-1",
        )
    if not host.name.strip():
        raise InputError(f"主机 {host.code} 缺少名称", hint="用 --name 写上名称，例如 应用服务器")
    if not host.address.strip() or any(character.isspace() for character in host.address):
        raise InputError(
            f"主机 {host.code} 的地址「{host.address}」不能用",
            hint="写 IP 地址或主机名；eduops 所在的这台机器写 local",
        )


def is_local(address: str) -> bool:
    """Whether the address means the machine that eduops itself runs on."""
    return address == LOCAL_ADDRESS
