"""The shape of patrol.yaml: which checks a host must have, and from which figure on they alarm."""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from eduops.asset.rules import Role
from eduops.core.config import placed
from eduops.patrol.rules.agent_settings import AgentConfig
from eduops.patrol.rules.run import Kind

PROBES = {
    "system": "操作系统",
    "cpu": "处理器",
    "memory": "内存",
    "disks": "磁盘",
    "network": "网络",
    "processes": "进程",
    "services": "系统服务",
    "time_sync": "时间同步",
    "users": "登录用户",
    "accounts": "本机账号",
    "certificates": "证书",
    "urls": "网址",
    "logs": "日志",
    "backups": "备份",
    "schedules": "定时任务",
    "smart": "硬盘自检",
    "configuration": "配置文件",
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "redis": "Redis",
    "nginx": "nginx",
    "tomcat": "Tomcat",
    "drift": "配置漂移",
}
"""Every probe that can be judged, in the order in which people read them; drift is no probe of the agent's."""


class Part(StrEnum):
    """What of a host a baseline holds."""

    SYSTEM = "system"
    PACKAGES = "packages"
    PORTS = "ports"
    ACCOUNTS = "accounts"
    SCHEDULES = "schedules"
    SERVICES = "services"
    CONFIGURATION = "configuration"
    DATABASES = "databases"
    MOUNTS = "mounts"


DriftLevel = Literal["critical", "warning", "ignore"]
Figure = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ceiling(_Strict):
    """Limits of a figure that is worse the higher it is."""

    warning: Figure
    critical: Figure
    margin: Figure | None = None
    """How far below a limit an alarm ends, in the figure's unit; None for the margin of all figures."""

    def is_reached(self, value: float, limit: float) -> bool:
        """Whether the figure is as bad as the limit."""
        return value >= limit

    def clear_limit(self, limit: float, margin_percent: float) -> float:
        """Below this an alarm of the limit ends."""
        return limit - _margin(self.margin, limit, margin_percent)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.warning > self.critical:
            raise ValueError(f"警告限 {self.warning:g} 高于严重限 {self.critical:g}，应当不高于它")
        return self


class Floor(_Strict):
    """Limits of a figure that is worse the lower it is, such as days left."""

    warning: Figure
    critical: Figure
    margin: Figure | None = None
    """How far above a limit an alarm ends, in the figure's unit; None for the margin of all figures."""

    def is_reached(self, value: float, limit: float) -> bool:
        """Whether the figure is as bad as the limit."""
        return value <= limit

    def clear_limit(self, limit: float, margin_percent: float) -> float:
        """Above this an alarm of the limit ends."""
        return limit + _margin(self.margin, limit, margin_percent)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.warning < self.critical:
            raise ValueError(f"警告限 {self.warning:g} 低于严重限 {self.critical:g}，应当不低于它")
        return self


Limits = Ceiling | Floor


def _margin(own: float | None, limit: float, margin_percent: float) -> float:
    return round(limit * margin_percent / 100, 9) if own is None else own


class Thresholds(_Strict):
    """What one role or host is judged by. Limits count as reached when they are met exactly."""

    mandatory: frozenset[str] = Field(min_length=1)
    """Probes without which a host cannot be normal."""
    big_mandatory: frozenset[str] = frozenset()
    """Probes that a big patrol must have beside these: without them it does not count as one."""
    margin_percent: Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] = 5.0
    """How far past its limit a figure must come back before its alarm ends, in percent of the limit."""
    cpu_percent: Ceiling
    load_per_core: Ceiling
    memory_percent: Ceiling
    swap_percent: Ceiling
    disk_percent: Ceiling
    inodes_percent: Ceiling
    read_only_allowed: frozenset[str]
    """Mounts that are meant to be read-only; any other that is one is critical."""
    zombies: Ceiling
    failed_services: Ceiling
    time_offset_seconds: Ceiling
    certificate_days: Floor
    url_seconds: Ceiling
    log_matches: Ceiling
    backup_age_hours: Ceiling
    disk_days: Floor = Floor(warning=30, critical=7)
    """Days until a file system is full, by its trend."""
    failed_logins: Ceiling = Ceiling(warning=100, critical=1000)
    """Of the last 24 hours."""
    smart_bad_sectors: Ceiling = Ceiling(warning=1, critical=100)
    smart_wear_percent: Ceiling = Ceiling(warning=80, critical=95)
    """Of what the maker of a solid-state disk promises that can be written."""
    connections_percent: Ceiling = Ceiling(warning=80, critical=95)
    """Of a database's own limit."""
    longest_transaction_seconds: Ceiling = Ceiling(warning=600, critical=3600)
    longest_query_seconds: Ceiling = Ceiling(warning=300, critical=1800)
    waiting_locks: Ceiling = Ceiling(warning=3, critical=20)
    replication_lag_seconds: Ceiling = Ceiling(warning=60, critical=600)
    replication_lag_mb: Ceiling = Ceiling(warning=256, critical=4096)
    """Log that a standby has yet to apply, in 2^20 bytes."""
    cache_hit_percent: Floor = Floor(warning=90, critical=50)
    transaction_id_percent: Ceiling = Ceiling(warning=40, critical=75)
    """Of the 2^31 transactions after which PostgreSQL takes no more writes unless it has been vacuumed."""
    slow_queries_per_hour: Ceiling = Ceiling(warning=60, critical=600)
    rejected_connections_per_hour: Ceiling = Ceiling(warning=1, critical=60)
    redis_memory_percent: Ceiling = Ceiling(warning=80, critical=95)
    nginx_5xx_percent: Ceiling = Ceiling(warning=1, critical=5)
    """Of the requests since the last patrol."""
    tomcat_seconds: Ceiling = Ceiling(warning=3, critical=10)
    heap_percent: Ceiling = Ceiling(warning=90, critical=97)
    jvm_threads: Ceiling = Ceiling(warning=500, critical=2000)
    deadlocked_threads: Ceiling = Ceiling(warning=1, critical=1)
    drift: dict[Part, DriftLevel] = {}
    """What a difference from the baseline is; a part that is not named is a warning."""

    @model_validator(mode="after")
    def _check_probes(self) -> Self:
        unknown = [
            ((name,), f"没有这样的检查项：{probe}；可用的有 {'、'.join(PROBES)}")
            for name in ("mandatory", "big_mandatory")
            for probe in sorted(getattr(self, name) - PROBES.keys())
        ]
        if unknown:
            raise placed(unknown)
        return self

    def for_kind(self, kind: str) -> "Thresholds":
        """What a patrol of this kind is judged by: a big one has more mandatory probes."""
        if kind != Kind.BIG or self.big_mandatory <= self.mandatory:
            return self
        return self.model_copy(update={"mandatory": self.mandatory | self.big_mandatory})

    @property
    def hash(self) -> str:
        """SHA-256 of what is in force, to tell later whether a patrol was judged by the same limits."""
        content = self.model_dump(exclude_none=True)
        plain = {key: sorted(item) if isinstance(item, frozenset) else item for key, item in content.items()}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class PatrolConfig(_Strict):
    """patrol.yaml: the limits by default, what roles and hosts change of them, and what the agent looks at where."""

    default: Thresholds
    roles: dict[Role, Thresholds] = {}
    """Each with the default's values where the file names none."""
    hosts: dict[str, Thresholds] = {}
    """By host code, likewise; `for_host` lays only what the file names over the role's."""
    agents: dict[str, AgentConfig] = {}
    """The agent's own configuration (addresses, certificates, logs, backups) by host code."""
    largest_clock_error_hours: Annotated[float, Field(ge=0.25, le=8760, allow_inf_nan=False)] = 24.0
    """What is measured over a live connection by a clock further off than this is refused."""
    _named: dict[str, frozenset[str]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _inherit(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # Any: not yet looked at
        config = handler(_inherit_default(data) if isinstance(data, dict) else data)
        named = data.get("hosts") if isinstance(data, dict) else None
        if isinstance(named, dict):
            config._named = {code: frozenset(changes) for code, changes in named.items()}
        return config

    def for_role(self, role: str) -> Thresholds:
        """What a host of this role is judged by where it has no limits of its own."""
        return self.roles.get(Role(role), self.default)

    def for_host(self, code: str, role: str) -> Thresholds:
        """What this host is judged by: its own limits, else its role's, else the default."""
        thresholds, own = self.for_role(role), self.hosts.get(code)
        if own is None:
            return thresholds
        return thresholds.model_copy(update={name: getattr(own, name) for name in self.list_named(code)})

    def list_named(self, code: str) -> frozenset[str]:
        """The limits that the file names for this host itself."""
        return self._named.get(code, frozenset())


def _inherit_default(data: Mapping[str, object]) -> dict[str, object]:
    """The file's content with the default's values wherever a role or a host names none."""
    try:
        default = Thresholds.model_validate(data.get("default"))
    except ValidationError:
        # The default's problems are told first; inherited, each would be told again for every role and host.
        return {key: value for key, value in data.items() if key not in ("roles", "hosts")}
    inherited = {name: getattr(default, name) for name in Thresholds.model_fields}
    merged: dict[str, object] = dict(data)
    for key in ("roles", "hosts"):
        changed = data.get(key)
        if isinstance(changed, dict):
            merged[key] = {
                name: {**inherited, **changes} if isinstance(changes, dict) else changes
                for name, changes in changed.items()
            }
    return merged
