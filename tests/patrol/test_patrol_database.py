"""What databases' figures mean: each limit one row each side of its edge, and nothing missing is normal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patrol.healthy_document import section, sign
from patrol.servers_document import CONFIG, GOLDEN, build_healthy_servers, instance, judged
from patrol.test_patrol_fuzz import JUNK, _addresses

from eduops.core.errors import InputError
from eduops.patrol.rules.check import State
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import Ceiling, Floor, Thresholds

NORMAL, WARNING, CRITICAL = State.NORMAL, State.WARNING, State.CRITICAL
NOT_CHECKED, CANNOT_TELL = State.NOT_CHECKED, State.CANNOT_TELL


def changed(probe, **figures):
    document = build_healthy_servers()
    instance(document, probe).update(figures)
    return document


def states(document, metric, **options):
    return {check.item: check.state for check in judged(document, **options).checks if check.metric == metric}


def state_of(document, metric):
    (state,) = states(document, metric).values()
    return state


def test_servers_on_which_all_is_well_are_normal():
    found = judged(build_healthy_servers())
    assert found.problems == ()
    assert found.state is NORMAL


def test_shipped_limits_are_those_that_hold_where_an_older_file_names_none():
    for name, field in Thresholds.model_fields.items():
        if isinstance(field.default, Ceiling | Floor):
            assert getattr(CONFIG.default, name) == field.default, name


@pytest.mark.parametrize("probe", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    ("figure", "value", "state"),
    [
        ("connections_percent", 79.9, NORMAL),
        ("connections_percent", 80, WARNING),
        ("connections_percent", 94.9, WARNING),
        ("connections_percent", 95, CRITICAL),
        ("longest_transaction_seconds", 599, NORMAL),
        ("longest_transaction_seconds", 600, WARNING),
        ("longest_transaction_seconds", 3599, WARNING),
        ("longest_transaction_seconds", 3600, CRITICAL),
        ("longest_query_seconds", 299, NORMAL),
        ("longest_query_seconds", 300, WARNING),
        ("longest_query_seconds", 1799, WARNING),
        ("longest_query_seconds", 1800, CRITICAL),
        ("waiting_locks", 2, NORMAL),
        ("waiting_locks", 3, WARNING),
        ("waiting_locks", 19, WARNING),
        ("waiting_locks", 20, CRITICAL),
        ("cache_hit_percent", 90.1, NORMAL),
        ("cache_hit_percent", 90, WARNING),
        ("cache_hit_percent", 50.1, WARNING),
        ("cache_hit_percent", 50, CRITICAL),
        ("deadlocks", 10**6, NORMAL),
    ],
)
def test_figure_of_both_databases_is_judged_at_its_limit(probe, figure, value, state):
    document = changed(probe, **{figure: value})
    product = {"postgresql": "PostgreSQL 主库", "mysql": "MySQL 题库"}[probe]
    assert states(document, figure)[product] is state
    assert judged(document).state is state


@pytest.mark.parametrize(
    ("probe", "figure", "value", "state"),
    [
        ("postgresql", "transaction_id_percent", 39.9, NORMAL),
        ("postgresql", "transaction_id_percent", 40, WARNING),
        ("postgresql", "transaction_id_percent", 74.9, WARNING),
        ("postgresql", "transaction_id_percent", 75, CRITICAL),
        ("mysql", "slow_queries_per_hour", 59.9, NORMAL),
        ("mysql", "slow_queries_per_hour", 60, WARNING),
        ("mysql", "slow_queries_per_hour", 599, WARNING),
        ("mysql", "slow_queries_per_hour", 600, CRITICAL),
    ],
)
def test_figure_of_one_database_is_judged_at_its_limit(probe, figure, value, state):
    document = changed(probe, **{figure: value})
    assert state_of(document, figure) is state
    assert judged(document).state is state


def replica(**figures):
    whole = {"receiving": True, "paused": False, "lag_seconds": 0, "lag_bytes": 0, **figures}
    return changed("postgresql", in_recovery=True, standbys=[], expected_standbys=None, replica=whole)


@pytest.mark.parametrize(
    ("figures", "metric", "state"),
    [
        ({"lag_seconds": 59.9}, "replication_lag_seconds", NORMAL),
        ({"lag_seconds": 60}, "replication_lag_seconds", WARNING),
        ({"lag_seconds": 599}, "replication_lag_seconds", WARNING),
        ({"lag_seconds": 600}, "replication_lag_seconds", CRITICAL),
        ({"lag_seconds": None}, "replication_lag_seconds", CANNOT_TELL),
        ({"lag_bytes": 255 * 2**20}, "replication_lag_mb", NORMAL),
        ({"lag_bytes": 256 * 2**20}, "replication_lag_mb", WARNING),
        ({"lag_bytes": 4096 * 2**20}, "replication_lag_mb", CRITICAL),
        ({"receiving": False}, "replication_running", CRITICAL),
        ({"receiving": None}, "replication_running", CANNOT_TELL),
        ({"paused": True}, "replication_applying", WARNING),
    ],
)
def test_standby_is_judged_by_its_own_view(figures, metric, state):
    found = states(replica(**figures), metric)
    assert found["PostgreSQL 主库"] is state


def test_standby_that_tells_no_replica_cannot_be_told_from():
    document = changed("postgresql", in_recovery=True, replica=None)
    assert states(document, "replication_running")["PostgreSQL 主库"] is CANNOT_TELL


@pytest.mark.parametrize(
    ("expected", "standbys", "state"),
    [(None, 0, None), (0, 0, NORMAL), (1, 1, NORMAL), (1, 0, CRITICAL), (2, 1, CRITICAL)],
)
@pytest.mark.parametrize("probe", ["postgresql", "mysql"])
def test_standby_that_is_missing_is_critical_where_one_is_expected(probe, expected, standbys, state):
    row = {"name": "b", "address": "10.20.0.12", "state": "streaming", "sync_state": "async"}
    rows = [dict(row, lag_bytes=0, lag_seconds=0)] * standbys
    figures = {"standbys": rows} if probe == "postgresql" else {"standby_count": standbys}
    document = changed(probe, expected_standbys=expected, **figures)
    item = "PostgreSQL 主库" if probe == "postgresql" else "MySQL 题库"
    assert states(document, "standby_count").get(item) is state


def test_standby_that_is_only_being_copied_does_not_count():
    row = {"name": "pg_basebackup", "address": "", "state": "backup", "lag_bytes": None, "lag_seconds": None}
    document = changed("postgresql", standbys=[row], expected_standbys=1)
    assert states(document, "standby_count")["PostgreSQL 主库"] is CRITICAL


@pytest.mark.parametrize(
    ("figures", "metric", "state"),
    [
        ({"receiving": False, "lag_seconds": None}, "replication_running", CRITICAL),
        ({"applying": False, "lag_seconds": None}, "replication_applying", CRITICAL),
        ({"lag_seconds": 600}, "replication_lag_seconds", CRITICAL),
        ({"lag_seconds": None}, "replication_lag_seconds", CANNOT_TELL),
    ],
)
def test_replica_of_mysql_is_judged_by_both_its_threads(figures, metric, state):
    document = build_healthy_servers()
    instance(document, "mysql")["replica"].update(figures)
    assert states(document, metric)["MySQL 题库"] is state
    if "applying" in figures or "receiving" in figures:
        assert "MySQL 题库" not in states(document, "replication_lag_seconds"), (
            "that it stands still was told"
        )


def test_cache_that_was_hardly_used_is_not_judged_and_does_not_spoil_the_host():
    document = changed("postgresql", cache_requests=99_999, cache_hit_percent=20.0)
    found = judged(document)
    assert found.state is NORMAL
    check = next(check for check in found.checks if check.metric == "cache_hit_percent")
    assert (check.state, check.is_mandatory) == (NOT_CHECKED, False)
    assert judged(changed("postgresql", cache_requests=100_000, cache_hit_percent=20.0)).state is CRITICAL


def test_size_of_each_database_is_kept_for_trends():
    found = judged(build_healthy_servers())
    sizes = {check.item: check.value for check in found.checks if check.metric == "database_bytes"}
    assert sizes == {
        "PostgreSQL 主库/edu_course": 53687091200,
        "PostgreSQL 主库/edu_exam": 21474836480,
        "MySQL 题库/edu_bank": 1048576,
    }


FIGURES = {
    "postgresql": (
        *(
            "connections_percent",
            "longest_transaction_seconds",
            "longest_query_seconds",
            "waiting_locks",
            "cache_hit_percent",
        ),
        *(
            "deadlocks",
            "transaction_id_percent",
            "databases",
            "standbys",
        ),
    ),
    "mysql": (
        *(
            "connections_percent",
            "longest_transaction_seconds",
            "longest_query_seconds",
            "waiting_locks",
            "cache_hit_percent",
        ),
        *(
            "deadlocks",
            "slow_queries_per_hour",
            "databases",
            "replica",
        ),
    ),
}


@pytest.mark.parametrize(("probe", "figure"), [(p, f) for p, names in FIGURES.items() for f in names])
def test_figure_that_could_not_be_read_is_not_checked_and_the_reason_told(probe, figure):
    document = changed(probe, **{figure: None, "unread": [{"figures": [figure], "reason": "账号没有权限"}]})
    found = judged(document)
    assert found.state is NOT_CHECKED
    (problem,) = found.problems
    assert "账号没有权限" in problem.text


@pytest.mark.parametrize(
    ("probe", "figure"), [(p, f) for p, names in FIGURES.items() for f in names if f != "replica"]
)
@pytest.mark.parametrize("junk", ["gone", None, "12", True, [3], {"x": 1}, -1, 10**400])
def test_figure_that_is_none_cannot_be_told_from(probe, figure, junk):
    document = changed(probe, **{figure: junk})
    if junk == "gone":
        del instance(document, probe)[figure]
    assert judged(document).state is CANNOT_TELL


@pytest.mark.parametrize("probe", ["postgresql", "mysql", "redis", "nginx", "tomcat"])
@pytest.mark.parametrize(
    ("status", "state"),
    [("failed", CRITICAL), ("not_checked", NOT_CHECKED), ("fine", CANNOT_TELL), (None, CANNOT_TELL)],
)
def test_instance_without_figures_has_the_state_of_its_row(probe, status, state):
    document = build_healthy_servers()
    row = {"name": instance(document, probe)["name"], "status": status, "reason": "连接不上"}
    section(document, probe)["data"]["instances"] = [row]
    found = judged(document)
    assert found.state is state
    (problem,) = found.problems
    assert problem.metric == "instance_answers"
    assert status not in ("failed", "not_checked") or "连接不上" in problem.text


@pytest.mark.parametrize("probe", ["postgresql", "mysql", "redis", "nginx", "tomcat"])
@pytest.mark.parametrize("rows", [None, "x", [1], [], [{"name": "a", "status": "ok"}] * 501])
def test_list_of_instances_that_is_none_cannot_be_told_from(probe, rows):
    document = build_healthy_servers()
    section(document, probe)["data"]["instances"] = rows
    assert judged(document).state is CANNOT_TELL


@pytest.mark.parametrize("probe", ["postgresql", "mysql", "redis", "nginx", "tomcat"])
def test_instance_that_says_only_that_it_is_fine_cannot_be_told_from(probe):
    document = build_healthy_servers()
    section(document, probe)["data"]["instances"] = [{"name": "a", "status": "ok"}]
    assert judged(document).state is CANNOT_TELL


def test_two_instances_are_told_apart():
    document = build_healthy_servers()
    rows = section(document, "postgresql")["data"]["instances"]
    rows.append(dict(rows[0], name="副本", connections_percent=99.0))
    found = states(document, "connections_percent")
    assert (found["PostgreSQL 主库"], found["PostgreSQL 副本"]) == (NORMAL, CRITICAL)


def test_database_role_bears_more_waiting_locks():
    document = changed("mysql", waiting_locks=4)
    assert judged(document, "application").state is WARNING
    assert judged(document, "database").state is NORMAL


def test_golden_servers_have_the_problems_that_were_put_into_them():
    found = judge(parse_document(GOLDEN.read_bytes()), CONFIG.for_role("database"))
    assert found.state is CRITICAL
    told = {check.item for check in found.problems if check.metric == "instance_answers"}
    assert told == {"PostgreSQL 报表库"}
    assert "Connection refused" in next(c.text for c in found.problems if c.item == "PostgreSQL 报表库")
    unseen = {check.metric for check in found.checks if check.state is NOT_CHECKED and check.probe == "mysql"}
    assert unseen == {"database_bytes"}


def test_names_of_checks_are_unique_within_a_host():
    document = build_healthy_servers()
    names = [(check.metric, check.item) for check in judged(document).checks]
    assert len(names) == len(set(names))
    assert sign(document)


ADDRESSES = list(_addresses(build_healthy_servers()["probes"]))


@settings(max_examples=400, deadline=None)
@given(address=st.sampled_from(ADDRESSES), junk=JUNK)
def test_document_with_anything_anywhere_never_crashes(address, junk):
    document = build_healthy_servers()
    place = document["probes"]
    for step in address[:-1]:
        place = place[step]
    place[address[-1]] = junk
    try:
        found = judged(document)
    except InputError:
        return
    assert all(check.text.isprintable() and check.state in State for check in found.checks)
