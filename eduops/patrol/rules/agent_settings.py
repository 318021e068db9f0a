"""What `agents:` of patrol.yaml may say for a host: the agent's own configuration, checked where people edit it.

The agent checks it once more on its host. Documents that come another way were never checked there, and what is
misspelt would demand nothing of them.
"""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from eduops.core.config import path_of, placed, sentence

_ADDRESS = re.compile(r"https?://[^/\s]+")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\\\\")


def _check_text(value: str) -> str:
    if not value.strip():
        raise ValueError("应为非空文字")
    return value


def _check_path(value: str) -> str:
    if not _ABSOLUTE.match(value):
        raise ValueError("应为绝对路径，例如 /var/log/messages")
    return value


def _check_address(value: str) -> str:
    if not _ADDRESS.match(value):
        raise ValueError("应以 http:// 或 https:// 开头")
    if "@" in value.split("//", 1)[1].split("/", 1)[0]:
        raise ValueError("网址里不能带用户名和密码")
    return value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"不是正确的正则表达式（{error}）") from None
    return value


def _check_capturing(value: str) -> str:
    if re.compile(_check_pattern(value)).groups != 1:
        raise ValueError(r"应有一个括号，括住状态码，例如 status=(\d{3})")
    return value


def _check_encoding(value: str) -> str:
    try:
        codecs.lookup(value)
    except LookupError:
        raise ValueError("不认识的编码，例如 utf-8、gb18030") from None
    return value


def _check_names(instances: Sequence["_Instance"]) -> Sequence["_Instance"]:
    twice = sorted(name for name, count in Counter(each.name for each in instances).items() if count > 1)
    if twice:
        raise ValueError(f"名称 {'、'.join(twice)} 重复，每个实例要有自己的名称")
    return instances


_Text = Annotated[StrictStr, AfterValidator(_check_text)]
_Path = Annotated[StrictStr, AfterValidator(_check_path)]
_Address = Annotated[StrictStr, AfterValidator(_check_address)]
_Pattern = Annotated[StrictStr, AfterValidator(_check_pattern)]
_Capturing = Annotated[StrictStr, AfterValidator(_check_capturing)]
_Encoding = Annotated[StrictStr, AfterValidator(_check_encoding)]
_Port = Annotated[StrictInt, Field(ge=1, le=65535)]
_Count = Annotated[StrictFloat, Field(ge=0, le=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _System(_Strict):
    packages: list[_Text] = []


class _Process(_Strict):
    name: _Text
    command: _Text = "-"


class _Processes(_Strict):
    expected: list[_Process] = []


class _Services(_Strict):
    expected: list[_Text] = []


class _Endpoint(_Strict):
    host: _Text
    port: _Port
    server_name: _Text = "-"


class _Certificates(_Strict):
    files: list[_Path] = []
    endpoints: list[_Endpoint] = []


class _Url(_Strict):
    name: _Text
    url: _Address
    text: _Text = "-"
    timeout_seconds: Annotated[StrictFloat, Field(ge=0.1, le=60)] = 10
    ca_file: _Path = "/"


class _LogPattern(_Strict):
    name: _Text
    pattern: _Pattern


class _Log(_Strict):
    path: _Path
    patterns: list[_LogPattern]
    encoding: _Encoding = "utf-8"


class _Logs(_Strict):
    files: list[_Log]
    state_file: _Path = "/"


class _Backup(_Strict):
    name: _Text
    folder: _Path
    pattern: _Text = "*"


class _Instance(_Strict):
    name: _Text


class _Client(_Instance):
    """How a client reaches its server. A password stands in a file of its own on the host, never here."""

    host: _Text = "-"
    port: _Port = 1
    socket: _Path = "/"
    user: _Text = "-"
    password_file: _Path = "/"  # noqa: S105 - a path, and none that is used
    program: _Path = "/"


class _Mysql(_Client):
    standbys: _Count = 0


class _Postgresql(_Mysql):
    database: _Text = "-"


class _NginxInstance(_Instance):
    status_url: _Address = "http://-"
    access_log: _Path = "/"
    pattern: _Capturing = "()"


class _Nginx(_Strict):
    instances: Annotated[list[_NginxInstance], AfterValidator(_check_names)] = []
    state_file: _Path = "/"


class _Tomcat(_Instance):
    url: _Address = "http://-"
    process: _Text = "-"
    program: _Path = "/"


class AgentSettings(_Strict):
    """Everything that one host's settings may say; the defaults are the agent's business and mean nothing here."""

    interval_seconds: Annotated[StrictFloat, Field(ge=0.1, le=60)] = 1
    timeout_seconds: Annotated[StrictFloat, Field(ge=1, le=120)] = 15
    light: StrictBool = False
    state_folder: _Path | None = None
    system: _System = _System()
    processes: _Processes = _Processes()
    services: _Services = _Services()
    certificates: _Certificates = _Certificates()
    urls: list[_Url] = []
    logs: _Logs = _Logs(files=[])
    backups: list[_Backup] = []
    configuration: list[_Path] = []
    postgresql: Annotated[list[_Postgresql], AfterValidator(_check_names)] = []
    mysql: Annotated[list[_Mysql], AfterValidator(_check_names)] = []
    redis: Annotated[list[_Client], AfterValidator(_check_names)] = []
    nginx: _Nginx = _Nginx()
    tomcat: Annotated[list[_Tomcat], AfterValidator(_check_names)] = []


def _check(settings: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        AgentSettings.model_validate(settings)
    except ValidationError as errors:
        raise placed([(path_of(each), sentence(each, AgentSettings)) for each in errors.errors()]) from None
    return settings


AgentConfig = Annotated[dict[str, JsonValue], AfterValidator(_check)]
"""One host's settings as the file has them, which is how the agent gets them."""
