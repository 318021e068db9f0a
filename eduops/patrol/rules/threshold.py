"""The shape of patrol.yaml: which checks a host must have, and from which figure on they alarm."""

import hashlib
import json
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from eduops.asset.rules import Role

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
    "certificates": "证书",
    "urls": "网址",
    "logs": "日志",
    "backups": "备份",
    "schedules": "定时任务",
}
"""Every probe that can be judged, in the order in which people read them."""

Figure = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ceiling(_Strict):
    """Limits of a figure that is worse the higher it is."""

    warning: Figure
    critical: Figure

    def is_reached(self, value: float, limit: float) -> bool:
        """Whether the figure is as bad as the limit."""
        return value >= limit

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.warning > self.critical:
            raise ValueError(f"警告限 {self.warning:g} 高于严重限 {self.critical:g}，应当不高于它")
        return self


class Floor(_Strict):
    """Limits of a figure that is worse the lower it is, such as days left."""

    warning: Figure
    critical: Figure

    def is_reached(self, value: float, limit: float) -> bool:
        """Whether the figure is as bad as the limit."""
        return value <= limit

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.warning < self.critical:
            raise ValueError(f"警告限 {self.warning:g} 低于严重限 {self.critical:g}，应当不低于它")
        return self


Limits = Ceiling | Floor


class Thresholds(_Strict):
    """What one role is judged by. Limits count as reached when they are met exactly."""

    mandatory: frozenset[str] = Field(min_length=1)
    """Probes without which a host cannot be normal."""
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

    @model_validator(mode="after")
    def _check_probes(self) -> Self:
        unknown = sorted(self.mandatory - PROBES.keys())
        if unknown:
            raise ValueError(
                f"mandatory 中没有这样的检查项：{'、'.join(unknown)}；可用的有 {'、'.join(PROBES)}"
            )
        return self

    @property
    def hash(self) -> str:
        """SHA-256 of what is in force, to tell later whether a patrol was judged by the same limits."""
        content = self.model_dump()
        plain = {key: sorted(item) if isinstance(item, frozenset) else item for key, item in content.items()}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class PatrolConfig(_Strict):
    """patrol.yaml: the limits by default, what roles change of them, and what the agent looks at on each host."""

    default: Thresholds
    roles: dict[Role, Thresholds] = {}
    """Each with the default's values where the file names none."""
    agents: dict[str, dict[str, JsonValue]] = {}
    """The agent's own configuration (addresses, certificates, logs, backups) by host code."""

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: object) -> object:
        roles = data.get("roles") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(roles, dict):
            return data
        try:
            default = Thresholds.model_validate(data.get("default"))
        except ValidationError:
            # The default's problems are told first; inherited, each would be told again for every role.
            return {key: value for key, value in data.items() if key != "roles"}
        inherited = {name: getattr(default, name) for name in Thresholds.model_fields}
        merged = {
            role: {**inherited, **changes} if isinstance(changes, dict) else changes
            for role, changes in roles.items()
        }
        return {**data, "roles": merged}

    def for_role(self, role: str) -> Thresholds:
        """What a host of this role is judged by."""
        return self.roles.get(Role(role), self.default)
