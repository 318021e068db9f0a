"""Instances of databases and middleware: what a missing figure means, and figures against their limits."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from eduops.patrol.rules.check import Check, State, build_check, judge_value, render_figure
from eduops.patrol.rules.host_check import judge_row
from eduops.patrol.rules.reading import Data, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Limits


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance's row; `name` holds the product too, because metric and name together tell checks apart."""

    name: str
    row: Data


def judge_instances(
    data: Data, *, product: str, judge_one: Callable[[Instance], Iterator[Check]]
) -> Iterator[Check]:
    """Whether each instance answers and, where it does, its figures; one that does not answer is critical."""
    rows = read_rows(data, "instances")
    if rows is None:
        yield build_check("instance_answers", product, State.CANNOT_TELL, f"{product} 的结果列表无法识别")
    for row in rows or ():
        instance = Instance(f"{product} {read_text(row, 'name') or '（无名）'}", row)
        silent = judge_row("instance_answers", instance.name, row)
        if silent is not None:
            yield silent
            continue
        version = read_text(row, "version")
        said = f"{instance.name} 有答复" + (f"，版本 {version}" if version else "")
        yield build_check("instance_answers", instance.name, State.NORMAL, said)
        yield from judge_one(instance)


def judge_figure(
    instance: Instance, key: str, limits: Limits, *, title: str, unit: str, metric: str = ""
) -> Check:
    """The figure under the key against its limits; `metric` names the limits where the key does not."""
    value = read_number(instance.row, key)
    if value is None:
        return judge_missing(instance, key, title=title, metric=metric)
    return judge_value(metric or key, instance.name, value, limits, title=title, unit=unit)


def record_figure(instance: Instance, key: str, *, title: str, unit: str, metric: str = "") -> Check:
    """The figure under the key for the record and for trends: no limit."""
    value = read_number(instance.row, key)
    if value is None:
        return judge_missing(instance, key, title=title, metric=metric)
    return record(metric or key, instance.name, value, title=title, unit=unit)


def record(metric: str, item: str, value: float, *, title: str, unit: str) -> Check:
    """A figure for the record and for trends: normal whatever it is."""
    plain = build_check(metric, item, State.NORMAL, f"{item} {title} {render_figure(value)}{unit}")
    return Check(plain.metric, plain.item, plain.state, plain.text, value=value, unit=unit)


def judge_missing(instance: Instance, key: str, *, title: str, metric: str = "") -> Check:
    """A figure that is not there: not checked where the agent says why, else nobody can tell."""
    reason = find_reason(instance.row, key)
    if reason is None:
        text = f"{instance.name} {title}：文档中没有可用的数值"
        return build_check(metric or key, instance.name, State.CANNOT_TELL, text)
    return build_check(
        metric or key, instance.name, State.NOT_CHECKED, f"{instance.name} {title}未检查：{reason}"
    )


def find_reason(row: Data, key: str) -> str | None:
    """Why the agent could not read the figure, out of `unread`; None where it does not say."""
    for unread in read_rows(row, "unread") or ():
        figures = unread.get("figures")
        if isinstance(figures, list) and key in figures:
            return read_text(unread, "reason") or "没有说明原因"
    return None


def read_object(row: Data, key: str) -> Data | None:
    """The object under the key, where there is one."""
    value = row.get(key)
    return value if isinstance(value, Mapping) else None


def is_null(row: Data, key: str) -> bool:
    """Whether the agent says that there is nothing of the kind, rather than that it could not look."""
    return key in row and row[key] is None and find_reason(row, key) is None
