"""alert.yaml: the home's own where there is one, else the shipped one. It holds no secret, only where one lies."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped

NAME = "alert.yaml"

Kind = Literal["deadline", "breach", "patrol", "backup", "drill", "schedule", "duty", "tenant", "test"]
Severity = Literal["info", "warning", "critical"]
ChannelKind = Literal["wecom", "dingtalk", "feishu", "mail", "webhook", "file"]

KINDS: dict[str, str] = {
    "deadline": "时限",
    "breach": "违约",
    "patrol": "巡检",
    "backup": "备份",
    "drill": "恢复演练",
    "schedule": "计划任务",
    "duty": "应办事项",
    "tenant": "机构",
    "test": "测试",
}
SEVERITIES: dict[str, str] = {"info": "提示", "warning": "警告", "critical": "严重"}
CHANNEL_KINDS: dict[str, str] = {
    "wecom": "企业微信",
    "dingtalk": "钉钉",
    "feishu": "飞书",
    "mail": "邮件",
    "webhook": "网址",
    "file": "文件",
}

Word = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
Mention = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@+-]{1,64}$")]


def _check_variable(name: str) -> str:
    # The value is not shown: who writes the secret itself here must not find it in a log.
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,59}", name):
        raise ValueError("应是环境变量的名字（大写英文、数字、下划线），不是密钥本身")
    return name


def _check_file(path: Path) -> Path:
    if "://" in str(path) or ":/" in str(path):
        raise ValueError("应是文件名，不是网址本身：把网址写进一个文件（chmod 600），这里写文件名")
    return path


def _check_proxy(url: str) -> str:
    if not re.fullmatch(r"(https?|socks5h?)://[^\s/@?#]+/?", url):
        raise ValueError("应写成 http://主机:端口 或 socks5://主机:端口，用户名和口令另写")
    return url


Variable = Annotated[str, AfterValidator(_check_variable)]
SecretFile = Annotated[Path, AfterValidator(_check_file)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Address = Annotated[str, Field(pattern=r"^[^\s@<>,;:\"]+@[^\s@<>,;:\"]+$", max_length=254)]

_URL = {"url_file", "url_env"}
_SECRET = {"secret_file", "secret_env"}
_HTTP = {"ca_file", "use_proxy", "timeout_seconds", "per_minute", "title"}
_MAIL = {"host", "port", "security", "user", "password_file", "password_env", "from", "to"}
_KEYS: dict[str, set[str]] = {
    "wecom": _URL | _HTTP | {"mention", "mention_for"},
    "dingtalk": _URL | _SECRET | _HTTP | {"mention", "mention_for"},
    "feishu": _URL | _SECRET | _HTTP | {"mention", "mention_for"},
    "mail": _MAIL | (_HTTP - {"use_proxy"}),
    "webhook": _URL | _SECRET | _HTTP | {"expect"},
    "file": {"path", "title"},
}
_REQUIRED: dict[str, tuple[str, ...]] = {"mail": ("host", "from", "to"), "file": ("path",)}
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Channel(BaseModel):
    """One way to people. Which keys it takes depends on its kind; relative paths lie in the home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ChannelKind
    title: str = ""
    """What people call it: 运维群."""
    url_file: SecretFile | None = None
    """The file with the webhook's address, which is a secret: it carries the robot's key."""
    url_env: Variable | None = None
    secret_file: SecretFile | None = None
    """The file with the secret that messages are signed with."""
    secret_env: Variable | None = None
    mention: Annotated[tuple[Mention, ...], Field(max_length=20)] = ()
    """Whom to @: user ids (企业微信), mobile numbers (钉钉), open ids (飞书); `all` for everybody."""
    mention_for: tuple[Severity, ...] = ("critical",)
    expect: str | None = None
    """Of a plain webhook: words that its answer must hold."""
    host: Word | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls"] = "starttls"
    user: Word | None = None
    password_file: SecretFile | None = None
    password_env: Variable | None = None
    from_: Address | None = Field(default=None, alias="from")
    to: tuple[Address, ...] = ()
    ca_file: Path | None = None
    """Certificates to trust beside the usual ones."""
    use_proxy: bool = True
    timeout_seconds: Annotated[float, Field(ge=0.2, le=60)] = 10
    """For every step of one attempt; the whole attempt may take three times as long."""
    per_minute: Annotated[int, Field(ge=1, le=1000)] = 18
    """At most so many messages a minute: robots of 企业微信, 钉钉 and 飞书 are cut off at 20."""
    path: Path | None = None

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        problems = list(self._list_problems())
        if problems:
            raise ValueError("；".join(problems))
        return self

    def _list_problems(self) -> Iterator[str]:
        given = {"from" if name == "from_" else name for name in self.model_fields_set} - {"kind"}
        needless = sorted(given - _KEYS[self.kind])
        if needless:
            yield f"kind 为 {self.kind} 的渠道不用 {'、'.join(needless)}"
        missing = [name for name in _REQUIRED.get(self.kind, ()) if name not in given]
        if missing:
            yield f"kind 为 {self.kind} 的渠道缺少 {'、'.join(missing)}"
        if self.kind in ("wecom", "dingtalk", "feishu", "webhook") and not given & _URL:
            yield "缺少 url_file 或 url_env（网址带密钥，不能直接写在这里）"
        for what in ("url", "secret", "password"):
            if {f"{what}_file", f"{what}_env"} <= given:
                yield f"{what}_file 和 {what}_env 只能写一个"
        has_password = bool(self.password_file or self.password_env)
        if self.kind == "mail" and bool(self.user) != has_password:
            yield "user 和 password_file（或 password_env）要一起写"


class Proxy(BaseModel):
    """What outbound HTTP goes through; mail does not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_check_proxy)]
    """http://10.0.0.1:3128 or socks5://10.0.0.1:1080, without name and password."""
    user: Word | None = None
    password_file: SecretFile | None = None
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.password_file and self.password_env:
            raise ValueError("password_file 和 password_env 只能写一个")
        if bool(self.user) != bool(self.password_file or self.password_env):
            raise ValueError("user 和 password_file（或 password_env）要一起写")
        return self


class Quiet(BaseModel):
    """Hours in which only what cannot wait is sent, by the contract's clock; they may go over midnight."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: str = Field(alias="from")
    to: str
    free_days: bool = False
    """Whether days that are not worked are quiet from midnight to midnight."""
    hold_critical: bool = False
    """Whether critical messages wait too. Deadlines of tickets (clause 2.3) never do."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, value in (("from", self.from_), ("to", self.to)):
            if not _TIME.fullmatch(value):
                raise ValueError(f'{name} 的值「{value[:20]}」不是时间，写成 "22:00" 的样子')
        if self.from_ == self.to:
            raise ValueError("from 和 to 相同：整天安静请用 free_days，不要安静就删掉 quiet")
        return self

    @property
    def minutes(self) -> tuple[int, int]:
        """From and to as minutes of the local day."""
        return _minute(self.from_), _minute(self.to)


class Route(BaseModel):
    """Which messages go to which channels; every route that fits adds its channels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = get_args(Kind)
    severities: Annotated[tuple[Severity, ...], Field(min_length=1)] = get_args(Severity)
    channels: Annotated[tuple[str, ...], Field(min_length=1)]


class AlertConfig(BaseModel):
    """The whole file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: dict[Name, Channel] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    quiet: Quiet | None = None
    proxy: Proxy | None = None

    @model_validator(mode="after")
    def _check_routes(self) -> Self:
        unknown = sorted({name for route in self.routes for name in route.channels} - set(self.channels))
        if unknown:
            raise ValueError(f"routes 里写的渠道 {'、'.join(unknown)} 不在 channels 里")
        return self


def find_config_path(home: Path) -> Path:
    """The file in force: `<home>/alert.yaml`, else the shipped example."""
    own = home / NAME
    return own if own.exists() else find_shipped("configs", NAME)


def load_config(home: Path) -> AlertConfig:
    """The file in force as checked values. Raises ConfigError with every problem."""
    return load_yaml(find_config_path(home), AlertConfig)


def list_unrouted(config: AlertConfig) -> list[str]:
    """The kinds of messages of which some severity goes nowhere; tests need no route."""
    routed = {
        (kind, severity) for route in config.routes for kind in route.kinds for severity in route.severities
    }
    return [
        kind
        for kind in KINDS
        if kind != "test" and any((kind, severity) not in routed for severity in SEVERITIES)
    ]


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
