"""The configuration: one JSON file, checked whole before anything is measured, every problem with its place."""

import codecs
import json
import os
import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from eduops_agent.context import explain

# Any: what JSON gives before it has been checked.
Check = Callable[[Any, str, List[str]], None]


class ConfigError(Exception):
    """The configuration cannot be used; the text names the file and every problem with its place."""


_DEFAULT_STATE_FOLDER = "~/.local/state/eduops-agent"


class Config(NamedTuple):
    """The whole configuration; `sections` are the probes' own parts, by probe name."""

    interval_seconds: float = 1.0
    timeout_seconds: float = 15.0
    sections: Mapping[str, Any] = {}
    is_light: bool = False
    # None: nothing is kept on the host from one patrol to the next.
    state_folder: Optional[str] = os.path.expanduser(_DEFAULT_STATE_FOLDER)


def load_config(path: str) -> Config:
    """Reads and checks the file. Raises ConfigError with all problems at once."""
    content = _parse(path)
    problems: List[str] = []
    _WHOLE(content, "", problems)
    if problems:
        raise ConfigError("\n".join("配置文件 {} 的 {}".format(path, problem) for problem in problems))
    return Config(
        float(content.pop("interval_seconds", Config().interval_seconds)),
        float(content.pop("timeout_seconds", Config().timeout_seconds)),
        is_light=content.pop("light", False),
        state_folder=content.pop("state_folder", Config().state_folder),
        sections=content,
    )


def _parse(path: str) -> Any:
    try:
        with open(path, "rb") as stream:
            return json.loads(stream.read().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError("不能读取配置文件 {}：{}".format(path, explain(error))) from error
    except UnicodeDecodeError as error:
        raise ConfigError("配置文件 {} 第 {} 字节：不是 UTF-8 编码".format(path, error.start + 1)) from error
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        words = getattr(error, "msg", error)
        message = "配置文件 {} 第 {} 行第 {} 列：不是合法的 JSON（{}）".format(path, line, column, words)
        raise ConfigError(message) from error


def _text(value: Any, place: str, problems: List[str]) -> None:
    if not isinstance(value, str) or not value.strip():
        problems.append("{}：应为非空文字".format(place))


def _absolute_path(value: Any, place: str, problems: List[str]) -> None:
    if not isinstance(value, str) or not (value.startswith("/") or os.path.isabs(value)):
        problems.append("{}：应为绝对路径，例如 /var/log/messages".format(place))


def _number(low: float, high: float) -> Check:
    def check(value: Any, place: str, problems: List[str]) -> None:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            problems.append("{}：应为 {:g} 到 {:g} 之间的数".format(place, low, high))

    return check


def _flag(value: Any, place: str, problems: List[str]) -> None:
    if not isinstance(value, bool):
        problems.append("{}：应为 true 或 false".format(place))


def _or_null(check_value: Check) -> Check:
    def check(value: Any, place: str, problems: List[str]) -> None:
        if value is not None:
            check_value(value, place, problems)

    return check


def _port(value: Any, place: str, problems: List[str]) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
        problems.append("{}：应为 1 到 65535 之间的整数".format(place))


def _address(value: Any, place: str, problems: List[str]) -> None:
    if not isinstance(value, str) or not re.match(r"https?://[^/\s]+", value):
        problems.append("{}：应以 http:// 或 https:// 开头".format(place))
    elif "@" in value.split("//", 1)[1].split("/", 1)[0]:
        problems.append("{}：网址里不能带用户名和密码".format(place))


def _pattern(value: Any, place: str, problems: List[str]) -> None:
    try:
        re.compile(value)
    except (re.error, TypeError) as error:
        problems.append("{}：不是正确的正则表达式（{}）".format(place, error))


def _capturing_pattern(value: Any, place: str, problems: List[str]) -> None:
    found: List[str] = []
    _pattern(value, place, found)
    if not found and re.compile(value).groups != 1:
        found.append("{}：应有一个括号，括住状态码，例如 status=(\\d{{3}})".format(place))
    problems.extend(found)


def _encoding(value: Any, place: str, problems: List[str]) -> None:
    try:
        codecs.lookup(value)
    except (LookupError, TypeError):
        problems.append("{}：不认识的编码，例如 utf-8、gb18030".format(place))


def _list(check_item: Check) -> Check:
    def check(value: Any, place: str, problems: List[str]) -> None:
        if not isinstance(value, list):
            problems.append("{}：应为列表".format(place))
            return
        for index, item in enumerate(value):
            check_item(item, "{}[{}]".format(place, index), problems)

    return check


def _object(required: Dict[str, Check], optional: Optional[Dict[str, Check]] = None) -> Check:
    known = dict(required, **(optional or {}))

    def check(value: Any, place: str, problems: List[str]) -> None:
        if not isinstance(value, dict):
            problems.append("{}：应为对象".format(place or "最外层"))
            return
        prefix = place + "." if place else ""
        for key in required:
            if key not in value:
                problems.append("{}{}：缺少".format(prefix, key))
        for key, item in value.items():
            if key in known:
                known[key](item, prefix + key, problems)
            else:
                problems.append("{}{}：不认识的键，可用的有 {}".format(prefix, key, "、".join(known)))

    return check


def _instances(optional: Dict[str, Check]) -> Check:
    """Instances of a server, each with a name of its own."""
    check_list = _list(_object({"name": _text}, optional))

    def check(value: Any, place: str, problems: List[str]) -> None:
        check_list(value, place, problems)
        names = (
            [str(item.get("name")) for item in value if isinstance(item, dict)]
            if isinstance(value, list)
            else []
        )
        for name in sorted({name for name in names if names.count(name) > 1}):
            problems.append("{}：名称 {} 重复，每个实例要有自己的名称".format(place, name))

    return check


# The range of --interval, too.
INTERVAL_RANGE: Tuple[float, float] = (0.1, 60.0)

_ENDPOINT = _object({"host": _text, "port": _port}, {"server_name": _text})
_LOG = _object(
    {"path": _absolute_path, "patterns": _list(_object({"name": _text, "pattern": _pattern}))},
    {"encoding": _encoding},
)
# How a client reaches its server. A password stands in a file of its own, never here.
_CLIENT: Dict[str, Check] = {
    "host": _text,
    "port": _port,
    "socket": _absolute_path,
    "user": _text,
    "password_file": _absolute_path,
    "program": _absolute_path,
}
# How many standbys there should be.
_STANDBYS: Dict[str, Check] = {"standbys": _number(0, 100)}
_NGINX: Dict[str, Check] = {
    "status_url": _address,
    "access_log": _absolute_path,
    "pattern": _capturing_pattern,
}
_TOMCAT: Dict[str, Check] = {"url": _address, "process": _text, "program": _absolute_path}
_WHOLE = _object(
    {},
    {
        "interval_seconds": _number(*INTERVAL_RANGE),
        "timeout_seconds": _number(1, 120),
        "light": _flag,
        "state_folder": _or_null(_absolute_path),
        "system": _object({}, {"packages": _list(_text)}),
        "processes": _object({}, {"expected": _list(_object({"name": _text}, {"command": _text}))}),
        "services": _object({}, {"expected": _list(_text)}),
        "certificates": _object({}, {"files": _list(_absolute_path), "endpoints": _list(_ENDPOINT)}),
        "urls": _list(
            _object(
                {"name": _text, "url": _address},
                {"text": _text, "timeout_seconds": _number(0.1, 60), "ca_file": _absolute_path},
            )
        ),
        "logs": _object({"files": _list(_LOG)}, {"state_file": _absolute_path}),
        "backups": _list(_object({"name": _text, "folder": _absolute_path}, {"pattern": _text})),
        "configuration": _list(_absolute_path),
        "postgresql": _instances(dict(_CLIENT, database=_text, **_STANDBYS)),
        "mysql": _instances(dict(_CLIENT, **_STANDBYS)),
        "redis": _instances(_CLIENT),
        "nginx": _object({}, {"instances": _instances(_NGINX), "state_file": _absolute_path}),
        "tomcat": _instances(_TOMCAT),
    },
)
