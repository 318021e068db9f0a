"""What the figures of middleware mean: Redis, nginx, Tomcat on a JVM."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from eduops.patrol.rules.check import Check, State, build_check, judge_alarm, judge_value
from eduops.patrol.rules.instance_check import (
    Instance,
    find_reason,
    is_null,
    judge_figure,
    judge_instances,
    judge_missing,
    read_object,
    record_figure,
)
from eduops.patrol.rules.reading import Data, read_flag, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Thresholds

_FIRST_SERVER_ERROR = 500
_FEWEST_REQUESTS = 20
"""Of a log: in fewer, a single error would be a percentage that says nothing."""


def judge_redis(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each instance: memory, clients, rejected ones, saving, replication."""
    return judge_instances(data, product="Redis", judge_one=partial(_judge_redis, limits=limits))


def judge_nginx(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each instance: its status page, and the errors among the requests since the last patrol."""
    return judge_instances(data, product="nginx", judge_one=partial(_judge_nginx, limits=limits))


def judge_tomcat(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each instance: its answer, its threads, its heap."""
    return judge_instances(data, product="Tomcat", judge_one=partial(_judge_tomcat, limits=limits))


def _judge_redis(instance: Instance, *, limits: Thresholds) -> Iterator[Check]:
    judge = partial(judge_figure, instance)
    yield judge(
        "memory_percent",
        limits.redis_memory_percent,
        title="内存使用率",
        unit="%",
        metric="redis_memory_percent",
    )
    yield judge("connections_percent", limits.connections_percent, title="连接占上限", unit="%")
    yield judge(
        "rejected_connections_per_hour",
        limits.rejected_connections_per_hour,
        title="被拒绝的连接平均每小时",
        unit=" 次",
    )
    yield record_figure(instance, "evicted_keys", title="累计淘汰键", unit=" 个")
    yield _judge_flag(instance, "last_save_ok", title="快照", good="最近一次快照成功", bad="最近一次快照失败")
    yield _judge_flag(
        instance, "aof_write_ok", title="AOF", good="AOF 写入正常", bad="AOF 写入失败，重启会丢数据"
    )
    loading = read_flag(instance.row, "is_loading")
    ready = None if loading is None else not loading
    yield judge_alarm("redis_loaded", instance.name, ready, good="数据已载入", bad="正在载入数据，不能使用")
    yield from _judge_redis_replica(instance, limits)
    yield from _judge_redis_standbys(instance, limits)


def _judge_flag(instance: Instance, key: str, *, title: str, good: str, bad: str) -> Check:
    flag = read_flag(instance.row, key)
    if flag is None:
        return judge_missing(instance, key, title=title)
    return judge_alarm(key, instance.name, flag, good=good, bad=bad)


def _judge_redis_replica(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    """A replica's own view; nothing for a master."""
    if is_null(instance.row, "replica"):
        return
    replica = read_object(instance.row, "replica")
    if replica is None:
        yield judge_missing(instance, "replica", title="复制状态", metric="replication_running")
        return
    running = read_flag(replica, "receiving")
    yield judge_alarm(
        "replication_running", instance.name, running, good="与主库相连", bad="与主库的连接断开"
    )
    if running is not False:
        lag = read_number(replica, "lag_seconds")
        yield _judge_lag(instance.name, lag, limits)


def _judge_redis_standbys(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    rows = read_rows(instance.row, "standbys")
    if rows is None:
        yield judge_missing(instance, "standbys", title="副本列表", metric="replication_lag_seconds")
    for row in rows or ():
        item = f"{instance.name} 的副本 {read_text(row, 'name')}"
        state = read_text(row, "state")
        if state != "online":
            text = f"{item} 还没有同步完（{state or '状态不明'}）"
            yield build_check("replication_lag_seconds", item, State.WARNING, text)
        else:
            yield _judge_lag(item, read_number(row, "lag_seconds"), limits)


def _judge_lag(item: str, lag_seconds: float | None, limits: Thresholds) -> Check:
    return judge_value(
        "replication_lag_seconds",
        item,
        lag_seconds,
        limits.replication_lag_seconds,
        title="复制延迟",
        unit=" 秒",
    )


def _judge_nginx(instance: Instance, *, limits: Thresholds) -> Iterator[Check]:
    yield record_figure(instance, "active", title="当前连接", unit=" 个", metric="nginx_active")
    yield record_figure(instance, "dropped", title="累计未处理的连接", unit=" 个", metric="nginx_dropped")
    yield from _judge_access_log(instance, limits)


def _judge_access_log(instance: Instance, limits: Thresholds) -> Iterator[Check]:
    requests = read_number(instance.row, "log_requests")
    errors, unparsed = read_number(instance.row, "log_5xx"), read_number(instance.row, "log_unparsed")
    metric, name = "nginx_5xx_percent", instance.name
    if requests is None or errors is None or unparsed is None:
        yield judge_missing(instance, "log_requests", title="访问日志", metric=metric)
        return
    if unparsed > requests:
        text = f"{name} 的访问日志有 {int(unparsed)} 行格式无法识别，在 pattern 中写明状态码的位置"
        yield build_check(metric, name, State.CANNOT_TELL, text)
    elif requests < _FEWEST_REQUESTS:
        state = State.WARNING if errors else State.NORMAL
        text = f"{name} 新增请求只有 {int(requests)} 个，其中 5xx {int(errors)} 个"
        yield build_check(metric, name, state, text)
    else:
        title = f"新增请求 {int(requests)} 个，其中 5xx"
        yield judge_figure(
            instance, "log_5xx_percent", limits.nginx_5xx_percent, title=title, unit="%", metric=metric
        )
    yield _judge_reading(instance)


def _judge_reading(instance: Instance) -> Check:
    match read_flag(instance.row, "log_has_gap"), read_flag(instance.row, "log_is_behind"):
        case False, False:
            state, text = State.NORMAL, "的访问日志新增内容已读完"
        case True, _:
            state, text = State.CANNOT_TELL, "的访问日志有一段已被轮转删除，没有读到"
        case _, True:
            state, text = State.CANNOT_TELL, "的访问日志新增太多，没有读完，下次接着读"
        case _:
            state, text = State.CANNOT_TELL, "的访问日志读取情况无法识别"
    return build_check("nginx_log_complete", instance.name, state, f"{instance.name} {text}")


def _judge_tomcat(instance: Instance, *, limits: Thresholds) -> Iterator[Check]:
    judge = partial(judge_figure, instance)
    status = read_number(instance.row, "http_status", low=100, high=599)
    if status is None:
        yield judge_missing(instance, "http_status", title="端口", metric="tomcat_answers")
    else:
        good, bad = f"端口有答复（{status:g}）", f"端口返回服务器错误 {status:g}"
        is_fine = status < _FIRST_SERVER_ERROR
        yield judge_alarm("tomcat_answers", instance.name, is_fine, good=good, bad=bad)
        yield judge(
            "http_seconds", limits.tomcat_seconds, title="响应时间", unit=" 秒", metric="tomcat_seconds"
        )
    yield judge("threads", limits.jvm_threads, title="线程", unit=" 个", metric="jvm_threads")
    if find_reason(instance.row, "heap_percent") is None and is_null(instance.row, "heap_percent"):
        text = f"{instance.name} 的垃圾收集器不说明堆用量"
        yield build_check("heap_percent", instance.name, State.NOT_CHECKED, text)
    else:
        yield judge("heap_percent", limits.heap_percent, title="堆使用率", unit="%")
    yield judge("deadlocked_threads", limits.deadlocked_threads, title="死锁线程", unit=" 个")
