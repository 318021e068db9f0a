"""What patrol.yaml demands to be looked at on a host by name, and which of it a document never looked at.

Nothing here says how a thing is: only that nobody looked, which must not read as normal.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from eduops.patrol.rules.check import Check, State, build_check
from eduops.patrol.rules.document import Document, Section, clean_text
from eduops.patrol.rules.exam import is_left_out
from eduops.patrol.rules.host_check import name_process, name_service
from eduops.patrol.rules.reading import Data, read_rows, read_text

_INSTANCES = {
    "postgresql": "PostgreSQL",
    "mysql": "MySQL",
    "redis": "Redis",
    "nginx": "nginx",
    "tomcat": "Tomcat",
}
_HIDDEN = "***"
"""What the agent writes in place of a secret."""

Name = tuple[str, ...]
"""What tells a thing from others of its probe: a path; a name and an address; a log and one of its patterns."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing to be looked at. `metric` and `item` are those of the check that it comes to where it was."""

    name: Name
    metric: str
    item: str
    title: str
    place: str
    """Where in patrol.yaml it stands."""


Demands = Mapping[str, tuple[Demand, ...]]
"""By probe."""


def list_demands(host: str, agent_config: Mapping[str, object]) -> Demands:
    """Everything that `agents:` names for the host; what is not as the agent wants it names nothing."""
    found: dict[str, tuple[Demand, ...]] = {}
    for probe, read in _READERS.items():
        place = f"agents.{host}.{probe}"
        if demands := tuple(dict.fromkeys(read(agent_config.get(probe), place))):
            found[probe] = demands
    return found


def judge_unseen(
    demands: tuple[Demand, ...], probe: str, section: Section | None, document: Document
) -> Iterator[Check]:
    """A check for each demand that the document's section never looked at.

    A probe that failed as a whole, or was left out because of an exam, says so itself already.
    """
    if section is not None and (section.status == "failed" or (document.light and is_left_out(section))):
        return
    seen = _SEEN[probe](section.data) if section is not None and section.data is not None else frozenset()
    why = _explain(section)
    for demand in demands:
        if not _is_seen(demand.name, seen):
            text = (
                f"没有检查{demand.title}：{why}。它写在 patrol.yaml 的 {demand.place}；"
                "用 eduops patrol run 巡检该主机，或把它也写进该主机上代理自己的配置；不再需要就从 patrol.yaml 去掉"
            )
            yield build_check(demand.metric, demand.item, State.NOT_CHECKED, text)


def is_demanded(check: Check, demands: tuple[Demand, ...]) -> bool:
    """Whether the check is of a thing that is named."""
    return any(check.metric == each.metric and check.item == each.item for each in demands)


def _is_seen(name: Name, seen: frozenset[Name]) -> bool:
    # A thing that did not answer has no parts to tell of, and says so itself.
    return name in seen or (len(name) > 1 and (name[0], _HIDDEN) in seen)


def _explain(section: Section | None) -> str:
    if section is None:
        return "文档中没有这一项"
    if section.status == "ok":
        return "文档里没有它，测量时用的是另一份配置"
    return section.reason or "没有说明原因"


def _list(settings: object, key: str) -> list[object]:
    found = settings.get(key) if isinstance(settings, Mapping) else None
    return found if isinstance(found, list) else []


def _text(row: object, key: str) -> str:
    """A text of the configuration as it reads in a document."""
    return clean_text(read_text(row, key))


def _texts(values: object) -> list[str]:
    return (
        [clean_text(value) for value in values if isinstance(value, str)] if isinstance(values, list) else []
    )


def _build(name: Name, metric: str, item: str, title: str, place: str) -> Demand:
    # An item as the check of it has it.
    return Demand(name, metric, build_check(metric, item, State.NORMAL, "").item, title, place)


def _read_services(settings: object, place: str) -> Iterator[Demand]:
    for said in _texts(_list(settings, "expected")):
        unit = said if "." in said else f"{said}.service"
        yield _build((unit,), "service_active", name_service(unit), f"服务 {unit}", f"{place}.expected")


def _read_processes(settings: object, place: str) -> Iterator[Demand]:
    for row in _list(settings, "expected"):
        if name := _text(row, "name"):
            command = _text(row, "command")
            item = name_process(name, command)
            yield _build((name, command), "process_running", item, item, f"{place}.expected")


def _read_urls(settings: object, place: str) -> Iterator[Demand]:
    for row in settings if isinstance(settings, list) else ():
        name, url = _text(row, "name"), _text(row, "url")
        if not name:
            continue
        yield _build((name, url), "url_status", name, f"网址 {name}（{url}）", place)
        if _text(row, "text"):
            title = f"网址 {name} 页面上应有的文字"
            yield _build((name, "text", url), "url_text", name, title, f"{place} 的 text")


def _read_certificates(settings: object, place: str) -> Iterator[Demand]:
    sources = [(source, "files") for source in _texts(_list(settings, "files"))]
    for row in _list(settings, "endpoints"):
        port = row.get("port") if isinstance(row, Mapping) else None
        if (host := _text(row, "host")) and isinstance(port, int):
            sources.append((f"{host}:{port}", "endpoints"))
    for source, key in sources:
        yield _build((source,), "certificate_days", source, f"证书 {source}", f"{place}.{key}")


def _read_logs(settings: object, place: str) -> Iterator[Demand]:
    for row in _list(settings, "files"):
        if not (path := _text(row, "path")):
            continue
        yield _build((path,), "log_complete", path, f"日志 {path}", f"{place}.files")
        for pattern in _list(row, "patterns"):
            if name := _text(pattern, "name"):
                item, title = f"{path} {name}", f"日志 {path} 里的「{name}」"
                yield _build((path, name), "log_matches", item, title, f"{place}.files")


def _read_backups(settings: object, place: str) -> Iterator[Demand]:
    for row in settings if isinstance(settings, list) else ():
        if name := _text(row, "name"):
            folder = _text(row, "folder")
            yield _build((name, folder), "backup_age_hours", name, f"备份 {name}（{folder}）", place)


def _read_configuration(settings: object, place: str) -> Iterator[Demand]:
    for path in _texts(settings):
        yield _build((path,), "configuration_file", path, f"配置文件 {path}", place)


def _read_instances(product: str) -> Callable[[object, str], Iterator[Demand]]:
    def read(settings: object, place: str) -> Iterator[Demand]:
        listed = settings if isinstance(settings, list) else _list(settings, "instances")
        for name in (_text(row, "name") for row in listed):
            if name:
                item = f"{product} {name}"
                yield _build((name,), "instance_answers", item, f"实例 {item}", place)

    return read


_READERS: dict[str, Callable[[object, str], Iterator[Demand]]] = {
    "services": _read_services,
    "processes": _read_processes,
    "urls": _read_urls,
    "certificates": _read_certificates,
    "logs": _read_logs,
    "backups": _read_backups,
    "configuration": _read_configuration,
    **{probe: _read_instances(product) for probe, product in _INSTANCES.items()},
}


def _by_text(key: str, *labels: str) -> Callable[[Data], frozenset[Name]]:
    """The rows under the key, each by the texts under its labels."""

    def read(data: Data) -> frozenset[Name]:
        return frozenset(
            tuple(read_text(row, label) for label in labels) for row in read_rows(data, key) or ()
        )

    return read


def _see_services(data: Data) -> frozenset[Name]:
    rows = read_rows(data, "expected") or ()
    return frozenset((read_text(row, "expected") or read_text(row, "name"),) for row in rows)


def _see_urls(data: Data) -> frozenset[Name]:
    found: set[Name] = set()
    for row in read_rows(data, "urls") or ():
        name, url = read_text(row, "name"), read_text(row, "url")
        # With a secret left out it is no more the address of the configuration.
        found.add((name, _HIDDEN if _HIDDEN in url else url))
        if read_text(row, "status") != "ok" or row.get("text_found", "") is not None:
            found.add((name, "text", url))
    return frozenset(found)


def _see_logs(data: Data) -> frozenset[Name]:
    found: set[Name] = set()
    for row in read_rows(data, "logs") or ():
        path, matches = read_text(row, "path"), read_rows(row, "matches")
        found.add((path,))
        if read_text(row, "status") != "ok" or matches is None:
            found.add((path, _HIDDEN))
        found.update((path, read_text(match, "name")) for match in matches or ())
    return frozenset(found)


_SEEN: dict[str, Callable[[Data], frozenset[Name]]] = {
    "services": _see_services,
    "processes": _by_text("expected", "name", "command"),
    "urls": _see_urls,
    "certificates": _by_text("certificates", "source"),
    "logs": _see_logs,
    "backups": _by_text("backups", "name", "folder"),
    "configuration": _by_text("files", "path"),
    **{probe: _by_text("instances", "name") for probe in _INSTANCES},
}
