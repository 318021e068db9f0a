"""The probes by name. Each is a module with NAME, TITLE, `measure(context)` and pure `parse_*` functions."""

from collections import OrderedDict
from importlib import import_module
from types import ModuleType
from typing import Iterator, Mapping

_NAMES = (
    "system",
    "cpu",
    "memory",
    "disks",
    "network",
    "processes",
    "services",
    "time_sync",
    "users",
    "accounts",
    "certificates",
    "urls",
    "logs",
    "backups",
    "schedules",
    "smart",
    "configuration",
    "postgresql",
    "mysql",
    "redis",
    "nginx",
    "tomcat",
)

# Probes that have nothing to look at without settings of their own: why they were not made then.
UNCONFIGURED = OrderedDict(
    (
        ("certificates", "配置中没有列出证书（certificates）"),
        ("urls", "配置中没有列出网址（urls）"),
        ("logs", "配置中没有列出日志（logs）"),
        ("backups", "配置中没有列出备份目录（backups）"),
        ("configuration", "配置中没有列出配置文件（configuration）"),
        ("postgresql", "配置中没有列出 PostgreSQL 实例（postgresql）"),
        ("mysql", "配置中没有列出 MySQL 或 MariaDB 实例（mysql）"),
        ("redis", "配置中没有列出 Redis 实例（redis）"),
        ("nginx", "配置中没有列出 nginx 实例（nginx.instances）"),
        ("tomcat", "配置中没有列出 Tomcat 实例（tomcat）"),
    )
)

# Left out whole while an exam runs (`--light`). Others leave out a heavy part by themselves: `context.is_light`.
HEAVY = frozenset({"smart"})


class _Probes(Mapping[str, ModuleType]):
    """Names and modules. A module is loaded when it is asked for: most hosts have no use for half of them."""

    def __getitem__(self, name: str) -> ModuleType:
        if name not in _NAMES:
            raise KeyError(name)
        return import_module("{}.{}".format(__name__, name))

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


PROBES = _Probes()
