"""What the figures of databases mean: PostgreSQL, and MySQL with MariaDB."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from eduops.patrol.rules.check import Check, State, build_check, judge_alarm, judge_value
from eduops.patrol.rules.instance_check import (
    Instance,
    is_null,
    judge_figure,
    judge_instances,
    judge_missing,
    read_object,
    record,
    record_figure,
)
from eduops.patrol.rules.reading import Data, read_flag, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Thresholds

_MEGABYTE = 1024 * 1024
_FEWEST_REQUESTS = 100_000
"""Of a cache: before so many, a server that has just started would seem to have a bad one."""


def judge_postgresql(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each instance: connections, sessions, locks, cache, identifiers, replication, sizes."""
    return judge_instances(data, product="PostgreSQL", judge_one=partial(_judge_postgresql, limits=limits))


def judge_mysql(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each instance: connections, sessions, locks, slow queries, cache, replication, sizes."""
    return judge_instances(data, product="MySQL", judge_one=partial(_judge_mysql, limits=limits))


def _judge_postgresql(instance: Instance, *, limits: Thresholds) -> Iterator[Check]:
    yield from _judge_sessions(instance, limits)
    yield judge_figure(
        instance, "transaction_id_percent", limits.transaction_id_percent, title="事务号已用", unit="%"
    )
    yield from _judge_replica(instance, limits)
    yield from _judge_standbys(instance, limits)
    yield from judge_sizes(instance)


def _judge_mysql(instance: Instance, *, limits: Thresholds) -> Iterator[Check]:
    yield from _judge_sessions(instance, limits)
    yield judge_figure(
        instance, "slow_queries_per_hour", limits.slow_queries_per_hour, title="慢查询平均每小时", unit=" 次"
    )
    yield from _judge_replica(instance, limits)
    expected = read_number(instance.row, "expected_standbys")
    if expected is not None:
        yield _judge_count(instance, read_number(instance.row, "standby_count"), expected, "standby_count")
    yield from judge_sizes(instance)


def _judge_sessions(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    judge = partial(judge_figure, instance)
    yield judge("connections_percent", limits.connections_percent, title="连接占上限", unit="%")
    yield judge(
        "longest_transaction_seconds", limits.longest_transaction_seconds, title="最长事务", unit=" 秒"
    )
    yield judge("longest_query_seconds", limits.longest_query_seconds, title="最长查询", unit=" 秒")
    yield judge("waiting_locks", limits.waiting_locks, title="等待中的锁", unit=" 个")
    yield _judge_cache(instance, limits)
    yield record_figure(instance, "deadlocks", title="累计死锁", unit=" 次")


def _judge_cache(instance: Instance, limits: Thresholds) -> Check:
    requests = read_number(instance.row, "cache_requests")
    if requests is not None and requests < _FEWEST_REQUESTS:
        text = f"{instance.name} 读取只有 {int(requests)} 次，缓存命中率还看不出好坏"
        return build_check("cache_hit_percent", instance.name, State.NOT_CHECKED, text, is_mandatory=False)
    return judge_figure(instance, "cache_hit_percent", limits.cache_hit_percent, title="缓存命中率", unit="%")


def _judge_replica(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    """A standby's own view; nothing for a primary."""
    if is_null(instance.row, "replica") and read_flag(instance.row, "in_recovery") is not True:
        return
    replica = read_object(instance.row, "replica")
    if replica is None:
        yield judge_missing(instance, "replica", title="复制状态", metric="replication_running")
        return
    running = read_flag(replica, "receiving")
    good, bad = "在从主库接收日志", "没有在从主库接收日志"
    yield judge_alarm("replication_running", instance.name, running, good=good, bad=bad)
    if "applying" in replica:
        applying = read_flag(replica, "applying")
        code = read_number(replica, "apply_error") or 0
        bad = "没有在执行主库的日志" + (f"（错误号 {code:g}）" if code else "")
        yield judge_alarm("replication_applying", instance.name, applying, good="在执行主库的日志", bad=bad)
    if read_flag(replica, "paused") is True:
        text = f"{instance.name} 的日志回放被暂停"
        yield build_check("replication_applying", instance.name, State.WARNING, text)
    # A stopped replica does not know how far it is behind: that it is stopped was told above.
    is_stopped = running is False or read_flag(replica, "applying") is False
    if not (is_stopped and replica.get("lag_seconds") is None):
        yield _judge_lag(instance.name, replica, limits)
    yield from _judge_bytes(instance.name, replica, limits)


def _judge_lag(item: str, row: Data, limits: Thresholds) -> Check:
    return judge_value(
        "replication_lag_seconds",
        item,
        read_number(row, "lag_seconds"),
        limits.replication_lag_seconds,
        title="复制延迟",
        unit=" 秒",
    )


def _judge_bytes(item: str, row: Data, limits: Thresholds) -> Iterator[Check]:
    size = read_number(row, "lag_bytes")
    if size is not None:
        yield judge_value(
            "replication_lag_mb",
            item,
            round(size / _MEGABYTE, 1),
            limits.replication_lag_mb,
            title="复制延迟",
            unit=" MB",
        )


def _judge_standbys(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    """A primary's view of its standbys. Those that are being copied are no standbys yet."""
    rows = read_rows(instance.row, "standbys")
    if rows is None:
        yield judge_missing(instance, "standbys", title="备库列表", metric="standby_count")
        return
    ready = [row for row in rows if read_text(row, "state") != "backup"]
    expected = read_number(instance.row, "expected_standbys")
    if expected is not None:
        yield _judge_count(instance, float(len(ready)), expected, "standbys")
    for row in ready:
        name = f"{read_text(row, 'name')} {read_text(row, 'address')}".strip() or "（无名）"
        item = f"{instance.name} 的备库 {name}"
        yield from _judge_bytes(item, row, limits)
        # It tells no time before it has applied something.
        if row.get("lag_seconds", "") is not None:
            yield _judge_lag(item, row, limits)


def _judge_count(instance: Instance, count: float | None, expected: float, key: str) -> Check:
    if count is None:
        return judge_missing(instance, key, title="备库数量", metric="standby_count")
    good = f"连着备库 {count:g} 个"
    bad = f"只连着备库 {count:g} 个，应有 {expected:g} 个"
    return judge_alarm("standby_count", instance.name, count >= expected, good=good, bad=bad)


def judge_sizes(instance: Instance) -> Iterator[Check]:
    """The size of each database, for the record and for trends."""
    rows = read_rows(instance.row, "databases")
    if rows is None:
        yield judge_missing(instance, "databases", title="库大小", metric="database_bytes")
    for row in rows or ():
        item = f"{instance.name}/{read_text(row, 'name')}"
        size = read_number(row, "size_bytes")
        if size is None:
            yield judge_missing(
                Instance(item, instance.row), "databases", title="大小", metric="database_bytes"
            )
        else:
            yield record("database_bytes", item, size, title="大小", unit=" 字节")
