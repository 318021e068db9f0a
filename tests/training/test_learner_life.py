"""Learners suspended, moved and merged: nobody is lost, nobody becomes two."""

from datetime import datetime

import pytest
from sqlmodel import Session
from training.made_exam import SINGLE, add_learner, add_scene, add_tenant

from eduops.core.errors import Conflict, NotAllowed, NotFound
from eduops.store.store import Store
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import exam as exams
from eduops.training.queries import learner as queries
from eduops.training.service import attempt as attempts
from eduops.training.service import learner as service

OPEN = datetime.fromisoformat("2026-03-05T06:10:00+00:00")


def two_tenants(session: Session) -> tuple[Tenant, Tenant]:
    return add_tenant(session, "xu-yi", "虚构甲医院"), add_tenant(session, "xu-er", "虚构乙医院")


def states(session: Session) -> list[tuple[str, str]]:
    session.expire_all()
    return [(each.staff_number, each.state) for each, _ in queries.list_learners(session)]


def test_a_leaver_is_suspended_and_can_come_back(store: Store, now: datetime) -> None:
    with store.writing() as session:
        own, _ = two_tenants(session)
        anna = add_learner(session, own, "1", "虚构甲")
        service.suspend(session, anna, reason="离职", now=now)
        assert (anna.state, anna.state_reason, anna.state_at) == ("suspended", "离职", now)
        with pytest.raises(Conflict, match="已停用，不能停用"):
            service.suspend(session, anna, reason="离职", now=now)
        service.resume(session, anna, reason="返岗", now=now)
        assert states(session) == [("1", "active")]
        with pytest.raises(Conflict, match="在册，不能恢复"):
            service.resume(session, anna, reason="返岗", now=now)


def test_there_and_back_again_is_one_person(store: Store, now: datetime) -> None:
    with store.writing() as session:
        own, other = two_tenants(session)
        anna = add_learner(session, own, "1", "虚构甲")
        there = service.move(session, anna, other, reason="轮转", now=now)
        assert service.find_present(session, anna) is there
        there.department = "外科"
        back = service.move(session, there, own, reason="轮转结束", now=now)
        assert (back.tenant_id, back.id, back.department) == (anna.tenant_id, anna.id, "外科")
        assert service.find_present(session, there) is back
        assert states(session) == [("1", "active"), ("1", "moved")]


def test_a_number_that_is_somebody_elses_there_is_in_the_way(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        own, other = two_tenants(session)
        anna, stranger = add_learner(session, own, "1", "虚构甲"), add_learner(session, other, "1", "虚构乙")
        with pytest.raises(Conflict, match="虚构乙医院 已有工号 1：虚构乙（在册）"):
            service.move(session, anna, other, reason="轮转", now=now)
        stranger.state = "suspended"
        with pytest.raises(Conflict, match="已停用"):
            service.move(session, anna, other, reason="轮转", now=now)
        assert states(session) == [("1", "active"), ("1", "suspended")]


def test_nobody_moves_into_a_closed_tenant_or_where_they_are(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        own, other = two_tenants(session)
        anna = add_learner(session, own, "1", "虚构甲")
        with pytest.raises(Conflict, match="本来就在虚构甲医院"):
            service.move(session, anna, own, reason="轮转", now=now)
        other.state = "closed"
        with pytest.raises(NotAllowed, match="已停用或关闭"):
            service.move(session, anna, other, reason="轮转", now=now)


def test_merging_fills_what_was_missing_and_keeps_the_rest(store: Store, now: datetime) -> None:
    with store.writing() as session:
        own, other = two_tenants(session)
        double, kept = add_learner(session, own, "1", "虚构甲"), add_learner(session, other, "9", "虚构甲")
        double.department, double.level, kept.department = "内科", "N2", "外科"
        service.merge(session, double, kept, reason="重复登记", now=now)
        assert (kept.department, kept.level, kept.staff_number) == ("外科", "N2", "9")
        assert service.find_present(session, double) is kept
        assert states(session) == [("1", "merged"), ("9", "active")]
        with pytest.raises(Conflict, match="不能再合并"):
            service.merge(session, double, kept, reason="再来一次", now=now)
        with pytest.raises(Conflict, match="不能接收合并"):
            service.merge(session, kept, double, reason="反过来", now=now)
        with pytest.raises(Conflict, match="同一名学员"):
            service.merge(session, kept, kept, reason="自己", now=now)


def test_invented_and_real_people_are_not_merged(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        own, _ = two_tenants(session)
        invented = add_learner(session, own, "1", "虚构甲")
        real = add_learner(session, own, "2", "虚构乙", is_invented=False)
        with pytest.raises(NotAllowed, match="虚构学员和真实学员"):
            service.merge(session, invented, real, reason="试", now=now)


@pytest.mark.parametrize("becomes", ["suspended", "moved", "merged"])
def test_who_is_not_active_begins_no_exam_and_what_was_begun_stays(
    sqlite_store: Store, now: datetime, becomes: str
) -> None:
    with sqlite_store.writing() as session:
        scene = add_scene(session, SINGLE)
        attempts.start(
            session, scene.exam, tenant_id=scene.alice.tenant_id, learner_id=scene.alice.id, now=OPEN
        )
        for each in (scene.alice, scene.bob):
            each.state = becomes
        session.flush()
        with pytest.raises(NotAllowed):
            attempts.start(
                session, scene.exam, tenant_id=scene.bob.tenant_id, learner_id=scene.bob.id, now=OPEN
            )
        assert exams.count_attempts(session, scene.exam.id) == 1


@pytest.mark.parametrize("becomes", ["suspended", "closed"])
def test_nobody_of_a_tenant_that_is_not_active_begins_an_exam(sqlite_store: Store, becomes: str) -> None:
    with sqlite_store.writing() as session:
        scene = add_scene(session, SINGLE)
        tenant = session.get(Tenant, scene.alice.tenant_id)
        assert tenant is not None
        tenant.state = becomes
        session.flush()
        with pytest.raises(NotAllowed, match="本机构已停用或关闭"):
            attempts.start(
                session, scene.exam, tenant_id=scene.alice.tenant_id, learner_id=scene.alice.id, now=OPEN
            )


def test_a_number_that_several_tenants_have_needs_the_tenant(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        own, other = two_tenants(session)
        add_learner(session, own, "1", "虚构甲")
        gone: Learner = add_learner(session, other, "1", "虚构乙")
        with pytest.raises(NotFound, match="2 家机构都有工号「1」：xu-er、xu-yi"):
            queries.get_learner(session, "1")
        assert queries.get_learner(session, "1", tenant_id=other.id).name == "虚构乙"
        gone.state = "moved"
        session.flush()
        assert queries.get_learner(session, "1").name == "虚构甲"
        assert queries.get_learner(session, "1", tenant_id=other.id).name == "虚构乙"
        with pytest.raises(NotFound, match="没有工号为「3」的学员"):
            queries.get_learner(session, "3")
