"""Telephones and ID numbers of learners: encrypted, found by hash, reported where two have one. All invented (虚构)."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session
from training.made_exam import add_tenant
from training.test_identity import make_id_number
from training.test_learner_import import CIPHER, make_roster

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell
from eduops.store.store import Store
from eduops.training.models.learner import Learner
from eduops.training.queries import learner as queries
from eduops.training.queries import tenant as tenants
from eduops.training.queries.learner import about
from eduops.training.service import department
from eduops.training.service import learner as life
from eduops.training.service.roster import Double, RosterResult, import_roster

HEAD: list[Cell] = ["工号", "姓名", "手机号", "身份证号", "层级"]
PHONE, OTHER_PHONE = "13800000001", "13800000002"
ID, OTHER_ID = make_id_number("440101", "19900307", "001"), make_id_number("440101", "19910307", "002")
ANNA: list[Cell] = ["1", "虚构甲", PHONE, ID, "N2"]


def tenant_of(session: Session, code: str = "xu-yi", name: str = "虚构甲医院"):
    return tenants.find_tenant(session, code) or add_tenant(session, code, name)


def bring(
    store: Store,
    now: datetime,
    *rows: list[Cell],
    head: list[Cell] = HEAD,
    code: str = "xu-yi",
    **options: bool,
) -> RosterResult:
    with store.writing() as session:
        owner = tenant_of(session, code, "虚构甲医院" if code == "xu-yi" else f"虚构的 {code}")
        return import_roster(
            session,
            make_roster(*rows, head=head),
            file="名册.xlsx",
            tenant=owner,
            cipher=CIPHER,
            now=now,
            **options,
        )


def refuse(store: Store, now: datetime, *rows: list[Cell], head: list[Cell] = HEAD) -> list[str]:
    with pytest.raises(InputError) as raised:
        bring(store, now, *rows, head=head)
    return [f"{problem.address}：{problem.message}" for problem in raised.value.problems]


def people(store: Store) -> list[Learner]:
    with store.reading() as session:
        return [learner for learner, _ in queries.list_learners(session)]


def opened(learner: Learner) -> tuple[str | None, str | None]:
    return (
        learner.phone_sealed and CIPHER.open(learner.phone_sealed, about("phone")),
        learner.id_number_sealed and CIPHER.open(learner.id_number_sealed, about("id_number")),
    )


def test_they_are_nowhere_in_the_database_in_the_clear_and_come_back_whole(
    store: Store, now: datetime
) -> None:
    bring(store, now, ANNA)
    with store.reading() as session:
        rows = session.connection().execute(text("SELECT * FROM learner")).all()
    assert PHONE not in str(rows) and ID not in str(rows)
    (anna,) = people(store)
    assert opened(anna) == (PHONE, ID)
    assert anna.level == "N2"


def test_numbers_that_excel_made_of_them_are_the_same_people(store: Store, now: datetime) -> None:
    bring(store, now, ANNA)
    assert bring(store, now, ["1", "虚构甲", float(PHONE), ID.lower(), "ｎ2"]).unchanged == 1
    assert bring(store, now, ["1", "虚构甲", f"+86 {PHONE[:3]}-{PHONE[3:]}", None, None]).unchanged == 1


def test_a_new_number_replaces_the_old_and_empty_or_masked_cells_change_nothing(
    store: Store, now: datetime
) -> None:
    bring(store, now, ANNA)
    assert bring(store, now, ["1", "虚构甲", "138****0001", "440***********1234", None]).unchanged == 1
    assert bring(store, now, ["1", "虚构甲", OTHER_PHONE, None, "N3"]).changed == 1
    (anna,) = people(store)
    assert (opened(anna), anna.level) == ((OTHER_PHONE, ID), "N3")


@pytest.mark.parametrize(
    ("cell", "column", "said"),
    [
        (1.234e17, "D", "Excel 已丢失末位"),
        ("4.4E+17", "D", "Excel 已丢失末位"),
        (440101199003071234, "D", "Excel 已丢失末位"),
        ("44010119900307", "D", "身份证号有 14 位，应是 18 位"),
        (ID[:-1] + ("0" if ID[-1] != "0" else "1"), "D", "校验位不对"),
        ("440101199013071234", "D", "不是出生日期"),
    ],
)
def test_an_id_number_that_cannot_be_is_refused_at_its_cell(
    sqlite_store: Store, now: datetime, cell: Cell, column: str, said: str
) -> None:
    (problem,) = refuse(sqlite_store, now, ["1", "虚构甲", PHONE, cell, "N2"])
    assert problem.startswith(f"名册!{column}2：") and said in problem
    assert ID[:10] not in problem


def test_every_wrong_cell_of_a_row_is_named(sqlite_store: Store, now: datetime) -> None:
    assert sorted(refuse(sqlite_store, now, ["1", "虚构甲", "123", "456", "N7"])) == [
        "名册!C2：电话应是 11 位手机号，或带区号的固定电话",
        "名册!D2：身份证号有 3 位，应是 18 位",
        "名册!E2：层级「N7」不在 N0 到 N4 之内",
    ]


def test_doubles_within_a_roster_and_across_tenants_are_reported_and_not_merged(
    store: Store, now: datetime
) -> None:
    first = bring(store, now, ANNA, ["2", "虚构乙", OTHER_PHONE, ID, None])
    assert first.doubles == (Double("id_number", 3, "2", "虚构乙", "第 2 行 虚构甲"),)
    second = bring(store, now, ["9", "虚构甲", PHONE, OTHER_ID, None], code="xu-er")
    assert second.doubles == (Double("phone", 2, "9", "虚构甲", "虚构甲医院 虚构甲（1）"),)
    assert len(people(store)) == 3
    assert bring(store, now, ["9", "虚构甲", PHONE, OTHER_ID, None], code="xu-er").unchanged == 1
    with store.reading() as session:
        assert [each.staff_number for each, _ in queries.list_double_hashes(session, "phone")] == ["1", "9"]
        assert [each.staff_number for each, _ in queries.list_double_hashes(session, "id_number")] == [
            "1",
            "2",
        ]


def test_a_person_is_found_by_either_number(sqlite_store: Store, now: datetime) -> None:
    bring(sqlite_store, now, ANNA, ["2", "虚构乙", OTHER_PHONE, OTHER_ID, None])
    with sqlite_store.reading() as session:
        for said in (PHONE, f"+86{PHONE}", ID.lower(), f" {ID} "):
            assert [each.name for each, _ in queries.find_by_personal(session, said, CIPHER)] == ["虚构甲"]
        assert queries.find_by_personal(session, "13800000009", CIPHER) == []


def test_a_roster_without_staff_numbers_knows_people_by_their_id_number(store: Store, now: datetime) -> None:
    head: list[Cell] = ["姓名", "身份证号", "科室"]
    assert bring(store, now, ["虚构甲", ID, "内科"], ["虚构乙", OTHER_ID, None], head=head).added == 2
    numbers = [each.staff_number for each in people(store)]
    assert numbers == ["A000001", "A000002"]
    again = bring(store, now, ["虚构甲", ID, "外科"], ["虚构乙", OTHER_ID, None], head=head)
    assert (again.added, again.changed, again.unchanged) == (0, 1, 1)
    assert [each.department for each in people(store)] == ["外科", None]
    said = refuse(store, now, ["虚构甲", ID, None], ["虚构丙", ID, None], head=head)
    assert said == ["名册!B3：身份证号与第 2 行重复"]


def test_one_telephone_of_two_people_does_not_tell_who_is_meant(sqlite_store: Store, now: datetime) -> None:
    bring(sqlite_store, now, ANNA, ["2", "虚构乙", PHONE, None, None])
    head: list[Cell] = ["姓名", "手机号"]
    assert refuse(sqlite_store, now, ["虚构甲", PHONE], head=head) == [
        "名册!B2：本机构有 2 名学员是这个手机号，分不清是谁；请补上工号"
    ]


def test_those_whom_the_roster_leaves_out_are_suspended_only_when_asked(store: Store, now: datetime) -> None:
    bring(store, now, ANNA, ["2", "虚构乙", None, None, None], ["3", "虚构丙", None, None, None])
    result = bring(store, now, ANNA)
    assert (result.absent, result.suspended) == (("2", "3"), 0)
    assert bring(store, now, ANNA, suspend_absent=True).suspended == 2
    assert [(each.staff_number, each.state) for each in people(store)] == [
        ("1", "active"),
        ("2", "suspended"),
        ("3", "suspended"),
    ]
    assert people(store)[1].state_reason == "不在名册 名册.xlsx 上"
    back = bring(store, now, ANNA, ["2", "虚构乙", OTHER_PHONE, None, None])
    assert back.inactive == ("第 3 行 虚构乙（2）已停用",)
    assert opened(people(store)[1]) == (None, None)


def test_another_tenants_people_are_not_absent(sqlite_store: Store, now: datetime) -> None:
    bring(sqlite_store, now, ANNA)
    assert (
        bring(sqlite_store, now, ["7", "虚构丁", None, None, None], code="xu-er", suspend_absent=True).absent
        == ()
    )
    assert [each.state for each in people(sqlite_store)] == ["active", "active"]


def test_a_tenant_that_is_not_active_takes_nobody_in(sqlite_store: Store, now: datetime) -> None:
    with sqlite_store.writing() as session:
        tenant_of(session).state = "suspended"
    assert refuse(sqlite_store, now, ANNA) == ["名册!A2：机构「虚构甲医院」已停用，不能导入学员"]


def test_departments_of_own_tenants_follow_the_dictionary(store: Store, now: datetime) -> None:
    head: list[Cell] = ["工号", "姓名", "科室"]
    rows: list[list[Cell]] = [
        ["1", "虚构甲", "心内科"],
        ["2", "虚构乙", "心血管 内科"],
        ["3", "虚构丙", "急诊"],
    ]
    with store.writing() as session:
        tenant_of(session).kind = "campus"
        department.add_departments(session, ["心血管内科", "急诊科"], now=now)
        department.confirm(session, "心内科", "心血管内科", now=now, actor="甲（虚构）")
    result = bring(store, now, *rows, head=head)
    assert result.departments_mapped == 2
    assert [(each.spelling, each.departments) for each in result.proposals] == [("急诊", ("急诊科",))]
    assert [each.department for each in people(store)] == ["心血管内科", "心血管内科", "急诊"]
    again = bring(store, now, *rows, head=head)
    assert (again.changed, again.unchanged) == (0, 3)


def test_who_moved_goes_on_there_and_their_numbers_with_them(store: Store, now: datetime) -> None:
    bring(store, now, ANNA)
    with store.writing() as session:
        other = tenant_of(session, "xu-er", "虚构乙医院")
        there = life.move(session, queries.get_learner(session, "1"), other, reason="轮转", now=now)
        assert opened(there) == (PHONE, ID)
    old, new = people(store)
    assert (old.state, new.state, old.successor_id) == ("moved", "active", new.id)
    # The old entry is no double of the new one.
    again = bring(store, now, ["1", "虚构甲", PHONE, ID, "N2"], code="xu-er")
    assert (again.unchanged, again.doubles) == (1, ())
    assert bring(store, now, ANNA).inactive == ("第 2 行 虚构甲（1）已调往别处",)


def test_a_known_number_is_not_given_to_another_person(store: Store, now: datetime) -> None:
    bring(store, now, ANNA)
    (said,) = refuse(store, now, ["1", "虚构戊", OTHER_PHONE, OTHER_ID, None])
    assert said.startswith("名册!B2：工号 1 已登记为 虚构甲，姓名和身份证号都不同")
    # A new name alone, or a corrected ID number alone, is the same person.
    assert bring(store, now, ["1", "虚构甲改", PHONE, ID, "N2"]).changed == 1
    assert bring(store, now, ["1", "虚构甲改", PHONE, OTHER_ID, "N2"]).changed == 1


def test_a_birth_date_that_lies_ahead_is_refused(sqlite_store: Store, now: datetime) -> None:
    tomorrow = make_id_number("440101", "20260306", "001")
    today = make_id_number("440101", "20260305", "001")
    assert refuse(sqlite_store, now, ["1", "虚构甲", PHONE, tomorrow, None]) == [
        "名册!D2：身份证号第 7 到 14 位的出生日期还没有到"
    ]
    assert bring(sqlite_store, now, ["1", "虚构甲", PHONE, today, None]).added == 1


def test_columns_that_slipped_repeat_nobodys_number(sqlite_store: Store, now: datetime) -> None:
    head: list[Cell] = ["工号", "姓名", "人员类别", "层级", "机构"]
    said = refuse(sqlite_store, now, ["1", "虚构甲", ID, PHONE, PHONE], head=head)
    said += refuse(sqlite_store, now, ["1", "虚构甲", None, None, f"{PHONE[:3]} {PHONE[3:]}"], head=head)
    assert len(said) == 3
    assert not any(number in each for each in said for number in (ID, PHONE, PHONE[3:]))


def test_staff_numbers_typed_full_width_are_the_same_people_and_numbers_in_clear_are_told(
    sqlite_store: Store, now: datetime
) -> None:
    head: list[Cell] = ["工号", "姓名"]
    bring(sqlite_store, now, ["A001", "虚构甲"], head=head)
    assert bring(sqlite_store, now, ["Ａ００１", "虚构甲"], head=head).unchanged == 1
    told = make_roster(["13800000001", "虚构乙"], head=head).assumptions
    assert any("1 人的工号像手机号或身份证号" in each for each in told)
