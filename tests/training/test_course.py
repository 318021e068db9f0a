"""Courses: each of one programme, from a form or one by one; programmes, people and courses are invented (虚构)."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from eduops.contract.loader import load_contract
from eduops.contract.schema import Contract
from eduops.core.errors import Conflict, InputError, NotFound
from eduops.core.shipped import find_shipped
from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.store.store import Store
from eduops.training.models.course import Course
from eduops.training.models.tenant import Programme
from eduops.training.queries import course as queries
from eduops.training.queries import tenant as programmes
from eduops.training.rules.course import CourseTerms, find_hours, find_mode, list_slips
from eduops.training.rules.course_sheet import CourseSheet, read_courses
from eduops.training.service import course as service
from eduops.training.service import tenant as tenants
from eduops.training.service.course import CoursesResult

ZONE = ZoneInfo("Asia/Shanghai")
HEAD: list[Cell] = ["培训项目", "课程名称", "授课形式", "学时", "主讲人", "科室", "开始日期", "结束日期"]
BLOOD: list[Cell] = [
    "xu",
    "安全用血（虚构）",
    "录播",
    1.5,
    "王老师（虚构）",
    "输血科",
    date(2026, 3, 5),
    "2026/6/30",
]
HANDS: list[Cell] = ["虚构培训", "手卫生（虚构）", "面授", "2学时", None, None, None, None]
SOUND = CourseTerms("安全用血（虚构）", "online", Decimal("1.5"))


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(find_shipped("configs", "contracts", "remote-education-2024-2026.yaml"))


def read(*rows: list[Cell], head: list[Cell] = HEAD, merged: tuple[Range, ...] = ()) -> CourseSheet:
    sheet = read_courses(Workbook(Path("课程.xlsx"), "xlsx", (Sheet("课程", [head, *rows], merged=merged),)))
    assert sheet is not None
    return sheet


def add_programmes(store: Store) -> None:
    with store.writing() as session:
        for code, name in (("xu", "虚构培训"), ("xu-er", "另一项虚构培训")):
            session.add(Programme(code=code, name=name, season="全年开展", audience=[]))


def put(
    store: Store, now: datetime, sheet: CourseSheet, *, programme: str | None = None, mode: str | None = None
) -> CoursesResult:
    with store.writing() as session:
        owner = programmes.get_programme(session, programme) if programme else None
        return service.import_courses(
            session, sheet, file="课程.xlsx", programme=owner, mode=mode, now=now, zone=ZONE
        )


def add(store: Store, now: datetime, terms: CourseTerms = SOUND, *, programme: str = "xu") -> str:
    with store.writing() as session:
        owner = programmes.get_programme(session, programme)
        return service.add_course(session, owner, terms, now=now, zone=ZONE).ref


def listed(store: Store) -> list[tuple[str, str, str | None, Decimal | None]]:
    with store.reading() as session:
        return [(owner, each.title, each.mode, each.hours) for each, owner in queries.list_courses(session)]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2", "2"), ("1.5", "1.5"), ("2学时", "2"), (" ２ 课时", "2"), ("0.25", "0.25"),
        ("90分钟", None), ("两", None), ("", None), ("1e4", None), ("-1", None), ("nan", None), ("٢", None),
    ],
)  # fmt: skip
def test_hours_are_class_hours_and_minutes_are_not_turned_into_them(text: str, hours: str | None) -> None:
    assert find_hours(text) == (None if hours is None else Decimal(hours))


@pytest.mark.parametrize(
    ("text", "mode"),
    [("录播", "online"), ("线上 直播", "live"), ("ONSITE", "onsite"), ("线下", "onsite"), ("函授", None)],
)
def test_a_mode_is_known_by_its_usual_words(text: str, mode: str | None) -> None:
    assert find_mode(text) == mode


@pytest.mark.parametrize(
    ("terms", "codes"),
    [
        (SOUND, []),
        (CourseTerms("", None), ["missing", "unknown_mode"]),
        (CourseTerms("课", "letter"), ["unknown_mode"]),
        (CourseTerms("课" * 200, "live"), []),
        (CourseTerms("课" * 201, "live"), ["too_long"]),
        (CourseTerms("课", "live", Decimal("0.01")), []),
        (CourseTerms("课", "live", Decimal(0)), ["not_hours"]),
        (CourseTerms("课", "live", Decimal(10000)), []),
        (CourseTerms("课", "live", Decimal("10000.01")), ["not_hours"]),
        (CourseTerms("课", "live", Decimal("1.005")), ["not_hours"]),
        (CourseTerms("课", "live", lecturer="王 13800000001"), ["number_in_lecturer"]),
        (CourseTerms("课", "live", start_on=date(2026, 3, 5), last_on=date(2026, 3, 5)), []),
        (CourseTerms("课", "live", start_on=date(2026, 3, 5), last_on=date(2026, 3, 4)), ["ends_before"]),
    ],
)
def test_what_a_sound_course_is(terms: CourseTerms, codes: list[str]) -> None:
    assert [slip.code for slip in list_slips(terms)] == codes


def test_a_sheet_of_courses_goes_in_and_the_same_again_changes_nothing(store: Store, now: datetime) -> None:
    add_programmes(store)
    sheet = read(BLOOD, HANDS)
    assert put(store, now, sheet) == CoursesResult(2, 2, 0, 0, ())
    assert put(store, now, sheet) == CoursesResult(2, 0, 0, 2, ())
    assert listed(store) == [
        ("虚构培训", "安全用血（虚构）", "online", Decimal("1.5")),
        ("虚构培训", "手卫生（虚构）", "onsite", Decimal(2)),
    ]
    with store.reading() as session:
        course = queries.get_course(session, "CRS-2026-0001")
        assert (course.lecturer, course.department) == ("王老师（虚构）", "输血科")
        assert (course.start_on, course.last_on) == (date(2026, 3, 5), date(2026, 6, 30))


def test_an_empty_cell_leaves_what_is_kept_and_a_filled_one_changes_it(store: Store, now: datetime) -> None:
    add_programmes(store)
    put(store, now, read(BLOOD))
    again: list[Cell] = ["xu", "安全用血（虚构）", None, 3, None, None, None, None]
    assert put(store, now, read(again)) == CoursesResult(1, 0, 1, 0, ())
    assert listed(store) == [("虚构培训", "安全用血（虚构）", "online", Decimal(3))]


def test_the_same_title_in_two_programmes_is_two_courses(store: Store, now: datetime) -> None:
    add_programmes(store)
    head: list[Cell] = ["课程名称", "学时"]
    sheet = read(["手卫生（虚构）", 2], head=head)
    put(store, now, sheet, programme="xu", mode="live")
    assert put(store, now, sheet, programme="xu-er", mode="live").added == 1
    assert {owner for owner, *_ in listed(store)} == {"虚构培训", "另一项虚构培训"}


def test_a_merged_programme_speaks_for_its_rows(sqlite_store: Store, now: datetime) -> None:
    add_programmes(sqlite_store)
    second: list[Cell] = [None, *HANDS[1:]]
    sheet = read(BLOOD, second, merged=(Range(2, 0, 3, 0),))
    assert put(sqlite_store, now, sheet).added == 2


@pytest.mark.parametrize(
    ("row", "place", "code"),
    [
        (["无此项目", "课", "直播"], "A2", "没有培训项目「无此项目」"),
        ([None, "课", "直播"], "A2", "没有写培训项目"),
        (["xu", None, "直播"], "B2", "缺少课程名称"),
        (["xu", "课", "函授"], "C2", "不是授课形式"),
        (["xu", "课", None], "C2", "没有写授课形式"),
        (["xu", "课", "直播", "90分钟"], "D2", "不是学时"),
        (["xu", "课", "直播", 0], "D2", "学时应大于 0"),
        (["xu", "课", "直播", 2, "13800000001"], "E2", "只写姓名"),
        (["xu", "课", "直播", 2, None, None, "明年"], "G2", "不是日期"),
        (["xu", "课", "直播", 2, None, None, "2026-03-05", "2026-03-04"], "H2", "早于开始日期"),
    ],
)
def test_every_wrong_cell_is_named_and_nothing_goes_in(
    sqlite_store: Store, now: datetime, row: list[Cell], place: str, code: str
) -> None:
    add_programmes(sqlite_store)
    with pytest.raises(InputError) as caught:
        put(sqlite_store, now, read(row, HANDS, HANDS))
    first, *_, last = caught.value.problems
    assert (first.address, code in first.message) == (f"课程!{place}", True)
    assert (last.address, "与第 3 行重复" in last.message) == ("课程!B4", True)
    assert listed(sqlite_store) == []


def test_a_day_is_judged_against_the_one_that_is_kept(sqlite_store: Store, now: datetime) -> None:
    add_programmes(sqlite_store)
    put(sqlite_store, now, read(BLOOD))
    ends: list[Cell] = ["xu", "安全用血（虚构）", None, None, None, None, None, "2026-03-01"]
    with pytest.raises(InputError, match="1 处错误"):
        put(sqlite_store, now, read(ends))


def test_a_second_list_in_one_workbook_is_an_error_and_no_list_is_none(
    sqlite_store: Store, now: datetime
) -> None:
    book = Workbook(Path("课程.xlsx"), "xlsx", (Sheet("一", [HEAD, BLOOD]), Sheet("二", [HEAD, HANDS])))
    sheet = read_courses(book)
    assert sheet is not None
    assert [error.code for error in sheet.errors] == ["second_list"]
    assert read_courses(Workbook(Path("x.xlsx"), "xlsx", (Sheet("一", [["姓名", "工号"]]),))) is None


def test_a_title_is_given_once_in_a_programme(store: Store, now: datetime) -> None:
    add_programmes(store)
    ref = add(store, now)
    with pytest.raises(Conflict, match=f"已有课程「安全用血（虚构）」（{ref}）"):
        add(store, now)
    assert add(store, now, programme="xu-er") == "CRS-2026-0002"
    with store.writing() as session, pytest.raises(Conflict, match="已有课程"):
        other = programmes.get_programme(session, "xu-er")
        service.change_course(session, queries.get_course(session, ref), {}, programme=other)


def test_a_change_says_what_stood_there(store: Store, now: datetime) -> None:
    add_programmes(store)
    ref = add(store, now)
    with store.writing() as session:
        course = queries.get_course(session, ref)
        before = service.change_course(session, course, {"hours": None, "mode": "online"})
        assert before == {"hours": Decimal("1.5")}
        assert service.change_course(session, course, {"hours": None}) == {}
        with pytest.raises(InputError, match="缺少课程名称"):
            service.change_course(session, course, {"title": ""})


def test_a_withdrawn_course_stays_as_it_is_until_it_is_restored(store: Store, now: datetime) -> None:
    add_programmes(store)
    put(store, now, read(BLOOD))

    def turn(state: str) -> Course:
        with store.writing() as session:
            course = queries.get_course(session, "CRS-2026-0001")
            service.change_state(session, course, state, reason="旧了", now=now)
            return course

    assert turn("withdrawn").state_reason == "旧了"
    longer: list[Cell] = [*BLOOD[:3], 8, *BLOOD[4:]]
    assert put(store, now, read(longer)) == CoursesResult(1, 0, 0, 1, ("CRS-2026-0001",))
    assert listed(store)[0][3] == Decimal("1.5")
    with pytest.raises(Conflict, match="已经是这个状态"):
        turn("withdrawn")
    with pytest.raises(Conflict) as caught:
        add(store, now)
    assert "course restore CRS-2026-0001" in caught.value.hint
    assert turn("open").state == "open"
    with store.reading() as session, pytest.raises(NotFound):
        queries.get_course(session, "CRS-2026-0009")


def test_a_programme_that_the_contract_drops_stays_with_what_belongs_to_it(
    store: Store, now: datetime, contract: Contract
) -> None:
    with store.writing() as session:
        tenants.sync_programmes(session, contract)
    add(store, now, programme="basic-skills")
    left = tuple(each for each in contract.programmes if each.code != "basic-skills")
    shorter = contract.model_copy(update={"programmes": left})
    with store.writing() as session:
        tenants.sync_programmes(session, shorter)
        rows = {row.programme.code: row for row in queries.list_programme_rows(session, shorter)}
    assert [code for code, row in rows.items() if not row.in_contract] == ["basic-skills"]
    assert (rows["basic-skills"].courses, rows["basic-skills"].exams) == (1, 0)
