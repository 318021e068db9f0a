"""A document that says what the one before it said is judged as if it stood alone."""

import copy
import random
from datetime import timedelta

import pytest
from patrol.healthy_document import build_healthy, section, sign
from patrol.servers_document import build_healthy_servers
from patrol.test_patrol_drift import baseline_of, build

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.document import parse_document
from eduops.patrol.rules.judgement import Before, Memory, judge
from eduops.patrol.rules.likeness import Heard
from eduops.patrol.rules.paste_document import render_instant
from eduops.patrol.rules.threshold import Ceiling, PatrolConfig

LIMITS = load_yaml(find_shipped("configs", "patrol.yaml"), PatrolConfig).for_role("application")


@pytest.mark.parametrize(
    ("before", "after"),
    [({"a": True}, {"a": 1}), ([0], [False]), ([1], [1.0]), ({"a": {"b": [0.0]}}, {"a": {"b": [0]}})],
)
def test_what_only_compares_equal_is_not_the_same(before, after):
    assert before == after
    assert not Heard(before).is_same(after)
    heard = Heard(copy.deepcopy(before))
    assert heard.is_same(before)
    assert not heard.is_same(after)
    assert Heard(after).is_same(copy.deepcopy(after))


def test_another_order_of_keys_is_looked_at_anew():
    assert not Heard({"a": 1, "b": 2}).is_same({"b": 2, "a": 1})
    assert not Heard([1]).is_same([2])


def stories(seed):
    """Documents of one host in turn: some sections change from one to the next, most do not, some are nonsense."""
    chance = random.Random(seed)
    document = build()
    for other in build_healthy_servers()["probes"]:
        if other["data"] and other["name"] not in {each["name"] for each in document["probes"]}:
            document["probes"].append(other)
    healthy = copy.deepcopy(document)
    for _ in range(25):
        document = copy.deepcopy(document)
        for _ in range(chance.randrange(4)):
            place = chance.randrange(len(document["probes"]))
            document["probes"][place] = _damage(copy.deepcopy(healthy["probes"][place]), chance)
        yield document


def _damage(chosen, chance):
    data = chosen["data"]
    match chance.randrange(4), chosen["name"]:
        case 0, _:
            chosen.update(status=chance.choice(("not_checked", "failed")), reason="虚构", data=None)
        case _, "disks":
            data["filesystems"][0]["used_percent"] = chance.choice((50, 85, 95, "50", True))
            data["filesystems"][0]["read_only"] = chance.choice((False, 0, True))
        case _, "memory":
            data["used_percent"] = chance.choice((40.0, 86.0, 84.0, True, 1))
        case 1, _ if data:
            data[chance.choice(list(data))] = chance.choice((None, True, 1, 0, [], [{}], "虚构", 1.0))
    return chosen


@pytest.mark.parametrize("seed", range(12))
def test_judged_in_turn_with_what_the_one_before_came_to_is_judged_alone(seed, now):
    before, baseline = Before(), baseline_of(build())
    for day, document in enumerate(stories(seed)):
        document["measured_at"] = render_instant(now + timedelta(days=day))
        parsed = parse_document(sign(document))
        alone = judge(parsed, LIMITS, Memory(baseline=baseline))
        in_turn = judge(parsed, LIMITS, Memory(baseline=baseline, before=before))
        assert in_turn == alone


def test_other_limits_or_another_baseline_are_not_what_was_before():
    document, before = build(), Before()
    parsed = parse_document(sign(document))
    stricter = LIMITS.model_copy(update={"memory_percent": Ceiling(warning=1, critical=2)})
    assert judge(parsed, LIMITS, Memory(before=before)) == judge(parsed, LIMITS)
    assert judge(parsed, stricter, Memory(before=before)) == judge(parsed, stricter)
    other = build()
    section(other, "system")["data"]["kernel"] = "6.1.0"
    for baseline in (baseline_of(document), baseline_of(other), baseline_of(document)):
        memory = Memory(baseline=baseline, before=before)
        assert judge(parsed, LIMITS, memory) == judge(parsed, LIMITS, Memory(baseline=baseline))


def test_days_of_a_certificate_go_on_though_its_section_stays_the_same(now):
    before, left = Before(), []
    for day in range(3):
        document = build_healthy()
        document["measured_at"] = render_instant(now + timedelta(days=day))
        found = judge(parse_document(sign(document)), LIMITS, Memory(before=before))
        left.append(next(check.value for check in found.checks if check.metric == "certificate_days"))
    assert [left[0] - days for days in left] == [0, 1, 2]
