"""Departments as rosters spell them, against the customer's dictionary."""

from datetime import datetime

import pytest
from sqlmodel import Session
from training.made_exam import add_learner, add_tenant

from eduops.core.errors import Conflict, NotFound
from eduops.store.store import Store
from eduops.training.models.learner import Learner
from eduops.training.queries import learner as queries
from eduops.training.rules.department import (
    Proposal,
    find_department,
    measure_likeness,
    plain_department,
    propose,
)
from eduops.training.service import department as service

DICTIONARY = ("心血管内科", "神经内科", "神经外科", "急诊科", "呼吸与危重症医学科", "医务科")


@pytest.mark.parametrize(
    ("spelling", "first"),
    [
        ("心内科", "心血管内科"),
        ("心血管内科一病区", "心血管内科"),
        ("神内", "神经内科"),
        ("神外科", "神经外科"),
        ("急诊", "急诊科"),
        ("呼吸科", "呼吸与危重症医学科"),
        ("医务部", "医务科"),
    ],
)
def test_the_likeliest_department_stands_first(spelling: str, first: str) -> None:
    (proposal,) = propose({spelling: 3}, DICTIONARY)
    assert (proposal.spelling, proposal.people, proposal.departments[0]) == (spelling, 3, first)


@pytest.mark.parametrize("spelling", ["后勤", "口腔颌面", "院长办公室", "科"])
def test_what_is_like_nothing_has_no_proposal(spelling: str) -> None:
    assert propose({spelling: 1}, DICTIONARY) == [Proposal(spelling, 1, ())]


def test_the_commonest_spelling_stands_first() -> None:
    assert [each.spelling for each in propose({"甲": 1, "丙": 5, "乙": 5}, ())] == ["丙", "乙", "甲"]


def test_names_that_differ_in_width_and_spaces_are_one_and_those_in_brackets_are_not() -> None:
    known = {plain_department("CT室"): "CT室"}
    assert [find_department(said, known) for said in ("ＣＴ室", " ct 室")] == ["CT室"] * 2
    assert [find_department(said, known) for said in ("MR室", "CT室（东院）")] == [None] * 2
    (proposal,) = propose({"CT室（东院）": 1}, ["CT室", "急诊科"])
    assert proposal.departments == ("CT室",)


def test_a_new_name_puts_right_who_was_there_already_those_who_left_included(
    store: Store, now: datetime
) -> None:
    with store.writing() as session:
        own, _, outside = _set_up(session)
        own.department, outside.department = "心血管 内科", "心血管 内科"
        own.state = "suspended"
        session.flush()
        service.add_departments(session, ["心血管内科"], now=now)
        session.expire_all()
        assert (own.department, outside.department) == ("心血管内科", "心血管 内科")


def test_likeness_is_symmetric_and_one_for_the_same() -> None:
    assert measure_likeness("心内科", "心血管内科") == measure_likeness("心血管内科", "心内科")
    assert measure_likeness("急诊科", "急诊") == 1


def _set_up(session: Session) -> tuple[Learner, Learner, Learner]:
    main, outside = add_tenant(session, "main", "虚构院本部"), add_tenant(session, "xu", "虚构外院")
    main.kind = "campus"
    people = [
        add_learner(session, tenant, number, "虚构")
        for tenant, number in ((main, "1"), (main, "2"), (outside, "1"))
    ]
    for each in people:
        each.department = "心内科"
    people[1].department = "心血管内科"
    session.flush()
    return people[0], people[1], people[2]


def test_a_confirmed_spelling_is_remembered_and_puts_own_learners_right(store: Store, now: datetime) -> None:
    with store.writing() as session:
        own, _, outside = _set_up(session)
        assert service.list_proposals(session) == [Proposal("心内科", 1, ()), Proposal("心血管内科", 1, ())]
        assert service.add_departments(session, ["心血管内科", "急诊科", "心血管 内科"], now=now) == (2, 1)
        assert service.list_proposals(session) == [Proposal("心内科", 1, ("心血管内科",))]
        done = service.confirm(session, "心内科", "心血管内科", now=now, actor="甲（虚构）")
        assert done.learners == 1
        session.expire_all()
        assert (own.department, outside.department) == ("心血管内科", "心内科")
        assert service.list_proposals(session) == []
        assert queries.map_departments(session)[plain_department("心内科")] == "心血管内科"
        again = service.confirm(session, "心内科", "心血管内科", now=now, actor="甲（虚构）")
        assert again.learners == 0
        found = {each.name: (count, aliases) for each, count, aliases in queries.list_departments(session)}
        assert found == {"心血管内科": (2, ["心内科"]), "急诊科": (0, [])}


def test_a_spelling_means_one_department(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        service.add_departments(session, ["神经内科", "神经外科"], now=now)
        service.confirm(session, "神科", "神经内科", now=now, actor="甲（虚构）")
        with pytest.raises(Conflict, match="已经确认为「神经内科」"):
            service.confirm(session, "神科", "神经外科", now=now, actor="甲（虚构）")
        with pytest.raises(Conflict, match="已经确认为「神经外科」"):
            service.confirm(session, "神经外科", "神经内科", now=now, actor="甲（虚构）")
        with pytest.raises(NotFound, match="科室字典里没有「神经科」"):
            service.confirm(session, "神经", "神经科", now=now, actor="甲（虚构）")
        assert service.add_departments(session, ["神科"], now=now) == (0, 1)
