"""Real faults, found by the real agent: a disk that is full, a service that was stopped."""

import json
import sys

import pytest
from servers import redis, small_disk

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.collect import collect_local
from eduops.patrol.rules.check import State
from eduops.patrol.rules.demand import list_demands
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import judge
from eduops.patrol.rules.threshold import PatrolConfig

LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).for_role("application")
QUICK = {"interval_seconds": 0.1, "timeout_seconds": 5, "state_folder": None}
# The agent as `eduops patrol run` runs it, inside the namespace with the small disk.
MEASURE = f"""
import sys
from eduops.patrol.collect import collect_local
sys.stdout.buffer.write(collect_local({QUICK!r}).content)
"""


def judged(content, agent_config=QUICK):
    found = judge(parse_document(content), LIMITS, demands=list_demands("here", agent_config))
    return found, {(check.metric, check.item): check for check in found.checks}


def patrol_disk(folder, fill):
    content = small_disk.run_with(folder, fill, sys.executable, "-c", MEASURE)
    found, checks = judged(content)
    mount = f"{folder}/disk"
    rows = next(each for each in json.loads(content)["probes"] if each["name"] == "disks")["data"][
        "filesystems"
    ]
    (row,) = [each for each in rows if each["mount"] == mount]
    assert (row["type"], row["status"]) == ("overlay", "ok")
    return found, checks["disk_percent", mount], checks["inodes_percent", mount], mount


@pytest.mark.needs("mounting")
def test_a_disk_that_is_full_is_critical_with_its_figure(tmp_path):
    found, space, inodes, mount = patrol_disk(tmp_path, small_disk.FILL_SPACE)
    assert found.state is State.CRITICAL
    assert (space.state, space.value, space.threshold) == (State.CRITICAL, 100.0, 90.0)
    assert space.text == f"{mount} 空间使用率 100%，达到严重限 90%"
    assert inodes.state is State.NORMAL
    assert space in found.problems


@pytest.mark.needs("mounting")
def test_a_disk_without_inodes_is_critical_though_it_has_room(tmp_path):
    found, space, inodes, mount = patrol_disk(tmp_path, small_disk.FILL_INODES)
    assert (space.state, inodes.state, inodes.value) == (State.NORMAL, State.CRITICAL, 100.0)
    assert inodes.text == f"{mount} inode 使用率 100%，达到严重限 90%"
    assert found.state is State.CRITICAL


@pytest.mark.needs("mounting")
def test_the_same_disk_with_room_is_normal(tmp_path):
    _, space, inodes, mount = patrol_disk(tmp_path, small_disk.FILL_NOTHING)
    assert (space.state, inodes.state) == (State.NORMAL, State.NORMAL)
    assert space.text.startswith(f"{mount} 空间使用率 ")
    assert space.value is not None and space.value < 80


@pytest.mark.server
@pytest.mark.needs("redis")
def test_a_service_that_was_stopped_is_critical_and_was_normal_before():
    with redis.running() as server:
        place = f"127.0.0.1:{server.port}"
        agent_config = {
            **QUICK,
            "processes": {"expected": [{"name": "redis-server", "command": place}]},
            "redis": [{"name": "会话（虚构）", "port": server.port}],
        }
        process = ("process_running", f"进程 redis-server {place}")
        instance = ("instance_answers", "Redis 会话（虚构）")
        _, before = judged(collect_local(agent_config).content, agent_config)
        assert [before[key].state for key in (process, instance)] == [State.NORMAL, State.NORMAL]
        assert before[process].text == f"进程 redis-server {place} 在运行"
        server.process.terminate()
        server.process.wait(timeout=20)
        found, after = judged(collect_local(agent_config).content, agent_config)
    assert found.state is State.CRITICAL
    assert (after[process].state, after[process].is_mandatory) == (State.CRITICAL, True)
    assert after[process].text == f"进程 redis-server {place} 不在运行"
    assert after[instance].state is State.CRITICAL
    assert after[instance].text.startswith("Redis 会话（虚构） 检查不通过：")
