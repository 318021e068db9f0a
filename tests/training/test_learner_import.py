"""A roster goes in whole or not at all, and again without a trace."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select
from training.made_exam import add_tenant

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Sheet, Workbook
from eduops.store.secret import Cipher
from eduops.store.store import Store
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries import learner as learners
from eduops.training.queries import tenant as queries
from eduops.training.rules.roster import Roster, read_roster
from eduops.training.service import roster as service
from eduops.training.service.roster import RosterResult

CIPHER = Cipher(b"k" * 32)
HEAD: list[Cell] = ["机构", "工号", "姓名", "人员类别", "科室", "职称"]
FIRST: list[Cell] = ["虚构甲医院", "0001", "虚构甲", "护士", "内科", "初级"]
SECOND: list[Cell] = ["虚构乙医院", "0001", "虚构乙", None, None, None]


def make_roster(*rows: list[Cell], head: list[Cell] = HEAD) -> Roster:
    roster = read_roster(Workbook(Path("虚构名册.xlsx"), "xlsx", (Sheet("名册", [head, *rows]),)))
    assert roster is not None
    return roster


def bring_in(
    store: Store, now: datetime, *rows: list[Cell], tenant: str | None = None, is_invented: bool = True
) -> RosterResult:
    with store.writing() as session:
        if not session.exec(select(Tenant)).first():
            add_tenant(session, "xu-yi", "虚构甲医院")
            add_tenant(session, "xu-er", "虚构乙医院")
        owner = queries.get_tenant(session, tenant) if tenant else None
        return service.import_roster(
            session,
            make_roster(*rows),
            file="虚构名册.xlsx",
            tenant=owner,
            cipher=CIPHER,
            now=now,
            is_invented=is_invented,
        )


def refuse(store: Store, now: datetime, *rows: list[Cell], is_invented: bool = True) -> list[str]:
    """Everything that is said against a roster."""
    with pytest.raises(InputError) as raised:
        bring_in(store, now, *rows, is_invented=is_invented)
    assert (
        raised.value.message == f"名册 虚构名册.xlsx 有 {len(raised.value.problems)} 处错误，没有写入任何人"
    )
    assert [problem.line for problem in raised.value.problems if problem.line is None] == []
    return [str(problem) for problem in raised.value.problems]


def list_people(store: Store) -> list[Learner]:
    with store.reading() as session:
        return [learner for learner, _ in learners.list_learners(session)]


def test_the_same_roster_again_changes_nothing(store: Store, now: datetime) -> None:
    assert bring_in(store, now, FIRST, SECOND) == RosterResult(2, 2, 0, 0)
    before = list_people(store)
    assert bring_in(store, now, FIRST, SECOND) == RosterResult(2, 0, 0, 2)
    assert list_people(store) == before
    first, second = before
    assert (first.staff_number, first.name, first.category) == ("0001", "虚构甲", "nurse")
    assert (first.department, first.title, first.state) == ("内科", "初级", "active")
    assert (first.is_invented, first.created_at) == (True, now)
    assert first.id != second.id
    assert first.tenant_id != second.tenant_id


def test_a_changed_row_updates_and_an_empty_cell_changes_nothing(store: Store, now: datetime) -> None:
    bring_in(store, now, FIRST, SECOND)
    moved: list[Cell] = ["虚构甲医院", "0001", "虚构甲", None, "外科", None]
    fresh: list[Cell] = ["虚构甲医院", "0002", "虚构丙", None, None, None]
    assert bring_in(store, now, moved, SECOND, fresh) == RosterResult(3, 1, 1, 1)
    first = list_people(store)[0]
    assert (first.category, first.department, first.title) == ("nurse", "外科", "初级")


def test_any_error_means_nothing_is_written_and_all_are_named(store: Store, now: datetime) -> None:
    bring_in(store, now, FIRST)
    said = refuse(
        store,
        now,
        ["虚构甲医院", "0001", "改名（虚构）", "护士", "外科", "初级"],
        ["虚构甲医院", "0002", None, "护士", None, None],
        ["无此医院", "0003", "虚构丙", None, None, None],
        [None, "0004", "虚构丁", None, None, None],
    )
    assert said == [
        "虚构名册.xlsx 名册!C3：缺少姓名",
        "虚构名册.xlsx 名册!A4：没有机构「无此医院」",
        "虚构名册.xlsx 名册!A5：没有写机构，也没有用 --tenant 指定",
    ]
    assert [(each.staff_number, each.name) for each in list_people(store)] == [("0001", "虚构甲")]


def test_a_tenant_is_known_by_name_or_code_and_the_given_one_stands_in_for_an_empty_cell(
    sqlite_store: Store, now: datetime
) -> None:
    rows: list[list[Cell]] = [
        [word, str(number), "虚构", None, None, None]
        for number, word in enumerate(("虚构甲医院", "xu-yi", None, "xu-er"))
    ]
    assert bring_in(sqlite_store, now, *rows, tenant="xu-yi").added == 4
    own = [each.staff_number for each in list_people(sqlite_store) if each.tenant_id == 1]
    assert own == ["0", "1", "2"]


def test_one_person_under_two_words_for_the_tenant_is_a_duplicate(sqlite_store: Store, now: datetime) -> None:
    assert refuse(sqlite_store, now, FIRST, ["xu-yi", *FIRST[1:]]) == [
        "虚构名册.xlsx 名册!B3：工号与第 2 行重复"
    ]


def test_a_roster_without_tenants_needs_one_given(sqlite_store: Store, now: datetime) -> None:
    roster = make_roster(["1", "虚构甲"], head=["工号", "姓名"])
    with sqlite_store.writing() as session:
        owner = add_tenant(session, "xu", "虚构医院")
        with pytest.raises(InputError) as raised:
            service.import_roster(session, roster, file="虚构名册.xlsx", tenant=None, cipher=CIPHER, now=now)
        assert [problem.address for problem in raised.value.problems] == ["名册!A2"]
        result = service.import_roster(
            session, roster, file="虚构名册.xlsx", tenant=owner, cipher=CIPHER, now=now
        )
    assert result == RosterResult(1, 1, 0, 0)


def test_the_longest_number_and_name_fit_both_databases(store: Store, now: datetime) -> None:
    row: list[Cell] = ["虚构甲医院", "号" * 64, "虚" * 100, None, "科" * 200, "职" * 200]
    assert bring_in(store, now, row).added == 1
    assert refuse(store, now, ["虚构甲医院", "号" * 65, "虚" * 101, None, None, None]) == [
        "虚构名册.xlsx 名册!B2：工号有 65 个字，最多 64 个",
        "虚构名册.xlsx 名册!C2：姓名有 101 个字，最多 100 个",
    ]


@pytest.mark.parametrize(("was_invented", "already"), [(True, "虚构"), (False, "真实")])
def test_invented_and_real_people_are_never_mixed(
    sqlite_store: Store, now: datetime, was_invented: bool, already: str
) -> None:
    bring_in(sqlite_store, now, FIRST, is_invented=was_invented)
    said = refuse(sqlite_store, now, [*FIRST[:2], "另一人（虚构）", *FIRST[3:]], is_invented=not was_invented)
    assert said == [f"虚构名册.xlsx 名册!B2：工号 0001 已登记为{already}学员，虚构名册和真实名册不能混在一起"]
    assert [(each.name, each.is_invented) for each in list_people(sqlite_store)] == [("虚构甲", was_invented)]


def test_a_roster_of_nobody_writes_nobody(sqlite_store: Store, now: datetime) -> None:
    assert bring_in(sqlite_store, now) == RosterResult(0, 0, 0, 0)
