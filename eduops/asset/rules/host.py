"""What a host may be called and be: codes, roles, environments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from eduops.asset.rules.address import is_address
from eduops.asset.rules.text import CODE_HINT, Slip, is_code
from eduops.core.errors import InputError


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


def list_host_slips(host: NewHost) -> Iterator[Slip]:
    """What keeps a host from being written down, by itself."""
    if not is_code(host.code):
        yield Slip("code", f"主机代码「{host.code[:60]}」不能用；{CODE_HINT}")
    if not host.name.strip():
        yield Slip("name", f"主机 {host.code} 缺少名称，例如 应用服务器")
    if not is_address(host.address):
        said = (
            f"主机 {host.code[:60]} 的地址「{host.address[:60]}」不能用；"
            "写 IP 地址（IPv4 或 IPv6）或主机名，不带用户和端口，eduops 所在的这台机器写 local"
        )
        yield Slip("address", said)


def check_new_host(host: NewHost) -> None:
    """Raises InputError where the code, the name or the address cannot be used."""
    slips = [slip.message for slip in list_host_slips(host)]
    if slips:
        raise InputError("；".join(slips), hint="改正后重试")
