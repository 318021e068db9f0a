"""What the figures of Redis, nginx and Tomcat mean: each limit one row each side of its edge, nothing missing is normal."""

import pytest
from patrol.servers_document import build_healthy_servers, instance, judged

from eduops.patrol.rules.check import State

NORMAL, WARNING, CRITICAL = State.NORMAL, State.WARNING, State.CRITICAL
NOT_CHECKED, CANNOT_TELL = State.NOT_CHECKED, State.CANNOT_TELL


def changed(probe, **figures):
    document = build_healthy_servers()
    instance(document, probe).update(figures)
    return document


@pytest.mark.parametrize(
    ("probe", "figure", "value", "metric", "state"),
    [
        ("redis", "memory_percent", 79.9, "redis_memory_percent", NORMAL),
        ("redis", "memory_percent", 80, "redis_memory_percent", WARNING),
        ("redis", "memory_percent", 94.9, "redis_memory_percent", WARNING),
        ("redis", "memory_percent", 95, "redis_memory_percent", CRITICAL),
        ("redis", "connections_percent", 80, "connections_percent", WARNING),
        ("redis", "rejected_connections_per_hour", 0.99, "rejected_connections_per_hour", NORMAL),
        ("redis", "rejected_connections_per_hour", 1, "rejected_connections_per_hour", WARNING),
        ("redis", "rejected_connections_per_hour", 59.9, "rejected_connections_per_hour", WARNING),
        ("redis", "rejected_connections_per_hour", 60, "rejected_connections_per_hour", CRITICAL),
        ("redis", "evicted_keys", 10**9, "evicted_keys", NORMAL),
        ("redis", "last_save_ok", False, "last_save_ok", CRITICAL),
        ("redis", "aof_write_ok", False, "aof_write_ok", CRITICAL),
        ("redis", "is_loading", True, "redis_loaded", CRITICAL),
        ("nginx", "log_5xx_percent", 0.9, "nginx_5xx_percent", NORMAL),
        ("nginx", "log_5xx_percent", 1, "nginx_5xx_percent", WARNING),
        ("nginx", "log_5xx_percent", 4.9, "nginx_5xx_percent", WARNING),
        ("nginx", "log_5xx_percent", 5, "nginx_5xx_percent", CRITICAL),
        ("nginx", "log_unparsed", 48211, "nginx_5xx_percent", NORMAL),
        ("nginx", "log_unparsed", 48212, "nginx_5xx_percent", CANNOT_TELL),
        ("nginx", "log_has_gap", True, "nginx_log_complete", CANNOT_TELL),
        ("nginx", "log_is_behind", True, "nginx_log_complete", CANNOT_TELL),
        ("nginx", "log_is_behind", None, "nginx_log_complete", CANNOT_TELL),
        ("tomcat", "http_status", 404, "tomcat_answers", NORMAL),
        ("tomcat", "http_status", 499, "tomcat_answers", NORMAL),
        ("tomcat", "http_status", 500, "tomcat_answers", CRITICAL),
        ("tomcat", "http_seconds", 2.99, "tomcat_seconds", NORMAL),
        ("tomcat", "http_seconds", 3, "tomcat_seconds", WARNING),
        ("tomcat", "http_seconds", 10, "tomcat_seconds", CRITICAL),
        ("tomcat", "threads", 499, "jvm_threads", NORMAL),
        ("tomcat", "threads", 500, "jvm_threads", WARNING),
        ("tomcat", "threads", 2000, "jvm_threads", CRITICAL),
        ("tomcat", "heap_percent", 89.9, "heap_percent", NORMAL),
        ("tomcat", "heap_percent", 90, "heap_percent", WARNING),
        ("tomcat", "heap_percent", 97, "heap_percent", CRITICAL),
        ("tomcat", "deadlocked_threads", 0, "deadlocked_threads", NORMAL),
        ("tomcat", "deadlocked_threads", 1, "deadlocked_threads", CRITICAL),
    ],
)
def test_figure_is_judged_at_its_limit(probe, figure, value, metric, state):
    found = judged(changed(probe, **{figure: value}))
    check = next(check for check in found.checks if check.metric == metric and check.probe == probe)
    assert check.state is state, check.text
    assert found.state is state, "one check alone decides this host"


@pytest.mark.parametrize(
    ("requests", "errors", "percent", "state"),
    [
        (0, 0, None, NORMAL),
        (19, 0, 0.0, NORMAL),
        (19, 1, 5.3, WARNING),
        (19, 19, 100.0, WARNING),
        (20, 1, 5.0, CRITICAL),
    ],
)
def test_a_few_requests_alone_are_never_critical(requests, errors, percent, state):
    document = changed("nginx", log_requests=requests, log_5xx=errors, log_5xx_percent=percent)
    assert judged(document).state is state


def test_log_of_which_no_line_is_understood_is_never_normal():
    document = changed("nginx", log_requests=0, log_5xx=0, log_5xx_percent=None, log_unparsed=3)
    assert judged(document).state is CANNOT_TELL


FIGURES = {
    "redis": (
        *(
            "memory_percent",
            "connections_percent",
            "rejected_connections_per_hour",
        ),
        *(
            "evicted_keys",
            "last_save_ok",
            "aof_write_ok",
        ),
    ),
    "nginx": (
        *(
            "active",
            "dropped",
        ),
        *("log_requests",),
    ),
    "tomcat": (
        *(
            "http_status",
            "threads",
        ),
        *(
            "heap_percent",
            "deadlocked_threads",
        ),
    ),
}


@pytest.mark.parametrize(("probe", "figure"), [(p, f) for p, names in FIGURES.items() for f in names])
def test_figure_that_could_not_be_read_is_not_checked_and_the_reason_told(probe, figure):
    document = changed(probe, **{figure: None, "unread": [{"figures": [figure], "reason": "没有权限"}]})
    found = judged(document)
    assert found.state is NOT_CHECKED
    assert "没有权限" in found.problems[0].text


@pytest.mark.parametrize(("probe", "figure"), [(p, f) for p, names in FIGURES.items() for f in names])
@pytest.mark.parametrize("junk", ["gone", None, "12", [3], -1])
def test_figure_that_is_none_is_never_normal(probe, figure, junk):
    document = changed(probe, **{figure: junk})
    if junk == "gone":
        del instance(document, probe)[figure]
    # A collector that tells no use of the heap is named as such.
    is_silent_collector = figure == "heap_percent" and junk is None
    assert judged(document).state is (NOT_CHECKED if is_silent_collector else CANNOT_TELL)


@pytest.mark.parametrize(
    ("replica", "metric", "state"),
    [
        ({"receiving": True, "lag_seconds": 59, "down_seconds": None}, "replication_lag_seconds", NORMAL),
        ({"receiving": True, "lag_seconds": 60, "down_seconds": None}, "replication_lag_seconds", WARNING),
        ({"receiving": False, "lag_seconds": None, "down_seconds": 9}, "replication_running", CRITICAL),
        ("junk", "replication_running", CANNOT_TELL),
    ],
)
def test_replica_of_redis_is_judged_by_its_link(replica, metric, state):
    found = judged(changed("redis", replica=replica, standbys=[]))
    assert found.state is state
    assert metric in {check.metric for check in found.checks if check.state is state}


@pytest.mark.parametrize(
    ("standby", "state"),
    [
        ({"name": "a:1", "state": "online", "lag_seconds": 0}, NORMAL),
        ({"name": "a:1", "state": "online", "lag_seconds": 600}, CRITICAL),
        ({"name": "a:1", "state": "online", "lag_seconds": None}, CANNOT_TELL),
        ({"name": "a:1", "state": "wait_bgsave", "lag_seconds": 0}, WARNING),
    ],
)
def test_replicas_that_a_redis_sees_are_judged(standby, state):
    assert judged(changed("redis", standbys=[standby])).state is state
