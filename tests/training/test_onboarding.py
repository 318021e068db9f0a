"""Many hospitals and their rosters in one go: all or nothing, and the same files again change nothing."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from training.test_learner_import import CIPHER, make_roster

from eduops.core.errors import InputError
from eduops.sheet.workbook import Cell, Range, Sheet, Workbook
from eduops.store.store import Store
from eduops.training.queries import learner as learners
from eduops.training.queries import tenant as queries
from eduops.training.rules.hospital_sheet import Hospital, HospitalSheet, match_rosters, read_hospitals
from eduops.training.rules.onboarding import AgreedTerms
from eduops.training.rules.roster import Roster
from eduops.training.rules.tenant_watch import Terms, find_terms
from eduops.training.service import onboarding as service
from eduops.training.service.onboarding import OnboardingResult

HEAD: list[Cell] = [
    "机构名称", "机构代码", "类别", "上级单位", "合同编号", "人数", "开始日期", "到期日期", "联系人", "联系电话",
]  # fmt: skip
FIRST: list[Cell] = [
    "虚构甲医院", "xu-yi", "外院", "虚构区卫健局", "XG-01", 50, date(2026, 1, 1), "2026年12月31日",
    "周老师（虚构）", 13800000001.0,
]  # fmt: skip
SECOND: list[Cell] = ["虚构乙医院", None, None, "虚构区卫健局", None, None, None, None, None, None]
PEOPLE: list[list[Cell]] = [["1", "虚构一"], ["2", "虚构二"]]


def read(*rows: list[Cell], head: list[Cell] = HEAD, merged: tuple[Range, ...] = ()) -> HospitalSheet:
    sheet = read_hospitals(
        Workbook(Path("合作医院.xlsx"), "xlsx", (Sheet("医院", [head, *rows], merged=merged),))
    )
    assert sheet is not None
    return sheet


def roster(*rows: list[Cell]) -> Roster:
    return make_roster(*rows, head=["工号", "姓名"])


def onboard(
    store: Store, now: datetime, sheet: HospitalSheet, rosters: dict[int, Roster] | None = None
) -> OnboardingResult:
    named = {row: (f"第{row}行.xlsx", each) for row, each in (rosters or {}).items()}
    with store.writing() as session:
        return service.onboard(
            session, sheet, named, file="合作医院.xlsx", cipher=CIPHER, now=now, actor="甲（虚构）"
        )


def codes(sheet: HospitalSheet) -> list[tuple[str, str]]:
    return [(error.place.partition("!")[2], error.code) for error in sheet.errors]


def test_a_row_says_who_it_is_and_what_was_agreed() -> None:
    (hospital,) = read(FIRST).hospitals
    assert hospital == Hospital(
        2, "xu-yi", "虚构甲医院", "outside_hospital", "虚构区卫健局", None,
        AgreedTerms("XG-01", "", None, 50, date(2026, 1, 1), date(2026, 12, 31)),
        "周老师（虚构）", "13800000001", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "cell", "code"),
    [
        ("到期日期", "明年", "not_a_day"),
        ("到期日期", "2026-02-30", "not_a_day"),
        ("人数", "五十", "not_whole"),
        ("人数", -1, "not_whole"),
        ("人数", 1.5, "not_whole"),
        ("合同金额", "一万", "not_money"),
        ("合同金额", "1.005", "not_money"),
        ("类别", "诊所联盟", "unknown_kind"),
        ("联系电话", "123", "phone_unknown"),
        ("机构代码", "长" * 41, "too_long"),
    ],
)
def test_a_wrong_cell_is_named(head: str, cell: Cell, code: str) -> None:
    assert codes(read(["虚构甲医院", cell], head=["机构名称", head, "联系人"])) == [("B2", code)]


@pytest.mark.parametrize(
    ("cell", "fee"),
    [("12,000.50元", "12000.50"), (12000, "12000.00"), ("￥800", "800.00"), (0, "0.00")],
)
def test_money_is_exact(cell: Cell, fee: str) -> None:
    (hospital,) = read(["虚构甲医院", cell, "x"], head=["机构名称", "合同金额", "联系人"]).hospitals
    assert hospital.agreed.fee_yuan == Decimal(fee)
    assert str(hospital.agreed.fee_yuan) == fee


def test_an_end_before_the_beginning_and_a_name_or_code_twice_are_errors() -> None:
    head: list[Cell] = ["机构名称", "机构代码", "开始日期", "到期日期"]
    sheet = read(
        ["虚构甲医院", "x", "2026-02-01", "2026-01-31"],
        ["虚构甲医院", "y", None, None],
        ["虚构丙医院", "y", None, None],
        [None, "z", None, None],
        head=head,
    )
    assert codes(sheet) == [
        ("D2", "ends_before"),
        ("A3", "duplicate"),
        ("B4", "duplicate"),
        ("A5", "missing"),
    ]


def test_a_parent_body_merged_downwards_holds_for_all_its_rows() -> None:
    rows: list[list[Cell]] = [["虚构甲医院", "虚构区卫健局"], ["虚构乙医院", None], ["虚构丙医院", None]]
    sheet = read(*rows, head=["医院名称", "主管单位"], merged=(Range(2, 1, 3, 1),))
    assert [each.parent_body for each in sheet.hospitals] == ["虚构区卫健局", "虚构区卫健局", None]


def test_a_roster_is_no_list_of_hospitals() -> None:
    people = Sheet("名册", [["单位", "工号", "姓名"], ["虚构甲医院", "1", "虚构一"]])
    assert read_hospitals(Workbook(Path("名册.xlsx"), "xlsx", (people,))) is None


def test_rosters_are_matched_by_name_code_or_the_column() -> None:
    head: list[Cell] = ["机构名称", "机构代码", "名册"]
    rows: list[list[Cell]] = [
        ["虚构甲医院", "xu-yi", None],
        ["虚构乙医院", "xu-er", None],
        ["虚构丙医院", "xu-san", "第三家.csv"],
        ["虚构丁医院", "xu-si", "没有的.xlsx"],
        ["虚构戊医院", "xu-wu", None],
    ]
    files = [Path(name) for name in ("虚构甲医院名册.xlsx", "XU-ER.xls", "第三家.csv", "陌生.xlsx")]
    matched = match_rosters(read(*rows, head=head).hospitals, files)
    assert matched.found == {2: files[0], 3: files[1], 4: files[2]}
    assert (matched.left, [each.name for each in matched.missing]) == ([files[3]], ["虚构丁医院"])
    assert matched.several == []


def test_two_rosters_of_one_hospital_are_named_however_alike_their_names() -> None:
    files = [Path("xu-yi.xlsx"), Path("XU-YI.xlsx"), Path("虚构甲医院.csv")]
    matched = match_rosters(read(FIRST).hospitals, files)
    assert [(each.name, mine) for each, mine in matched.several] == [("虚构甲医院", files)]
    assert (matched.found, matched.left) == ({}, [])


def test_a_second_list_of_hospitals_is_not_left_out_in_silence() -> None:
    lists = (Sheet("一", [HEAD, FIRST]), Sheet("二", [HEAD, SECOND]))
    sheet = read_hospitals(Workbook(Path("合作医院.xlsx"), "xlsx", lists))
    assert sheet is not None
    assert codes(sheet) == [("A1", "second_list")]


def test_a_telephone_among_the_contacts_names_is_refused_without_being_repeated() -> None:
    sheet = read(["虚构甲医院", "张三 138 1234 5678"], head=["机构名称", "联系人"])
    assert codes(sheet) == [("B2", "number_in_contact")]
    assert "5678" not in sheet.errors[0].message


def test_the_same_files_again_change_nothing(store: Store, now: datetime) -> None:
    sheet, rosters = read(FIRST, SECOND), {2: roster(*PEOPLE), 3: roster(["1", "虚构三"])}
    result = onboard(store, now, sheet, rosters)
    assert [(each.code, each.change) for each in result.tenants] == [("xu-yi", "added"), ("t-0001", "added")]
    assert (result.learners_added, result.is_new) == (3, True)
    with store.reading() as session:
        before = [row.tenant.model_dump() for row in queries.list_tenants(session)]
        contracts = queries.list_contracts(session)
    again = onboard(store, now, sheet, rosters)
    assert ([each.change for each in again.tenants], again.is_new) == (["unchanged", "unchanged"], False)
    with store.reading() as session:
        assert [row.tenant.model_dump() for row in queries.list_tenants(session)] == before
        assert queries.list_contracts(session) == contracts
        (body,) = queries.list_bodies(session)
        assert (body.body.name, body.tenants, body.learners) == ("虚构区卫健局", 2, 3)


def test_a_changed_cell_updates_and_an_empty_one_changes_nothing(store: Store, now: datetime) -> None:
    onboard(store, now, read(FIRST))
    empty: list[Cell] = ["虚构甲医院", *[None] * 9]
    assert onboard(store, now, read(empty)).count("unchanged") == 1
    renewed: list[Cell] = [*FIRST[:6], date(2027, 1, 1), date(2027, 12, 31), "吴老师（虚构）", "13800000002"]
    assert onboard(store, now, read(renewed)).count("changed") == 1
    with store.reading() as session:
        tenant = queries.get_tenant(session, "xu-yi")
        assert tenant.contact == "吴老师（虚构）"
        assert CIPHER.open(tenant.contact_phone_sealed or "", service.CONTACT) == "13800000002"
        assert [each.last_on for each in queries.list_contracts(session)[tenant.id, None]] == [
            date(2026, 12, 31),
            date(2027, 12, 31),
        ]


def test_any_error_of_the_list_or_of_any_roster_means_nothing_is_written(store: Store, now: datetime) -> None:
    wrong: list[Cell] = ["虚构丙医院", None, "诊所联盟", *[None] * 7]
    with pytest.raises(InputError) as raised:
        onboard(
            store, now, read(FIRST, wrong), {2: roster(["1", "虚构一"], ["1", "虚构二"], [None, "虚构三"])}
        )
    assert [(problem.file, problem.address) for problem in raised.value.problems] == [
        ("合作医院.xlsx", "医院!C3"),
        ("第2行.xlsx", "名册!A3"),
        ("第2行.xlsx", "名册!A4"),
    ]
    with store.reading() as session:
        assert (queries.list_tenants(session), queries.list_bodies(session)) == ([], [])
        assert learners.count_learners(session) == 0


def test_a_suspended_hospitals_roster_is_refused_with_its_file(sqlite_store: Store, now: datetime) -> None:
    onboard(sqlite_store, now, read(FIRST))
    with sqlite_store.writing() as session:
        queries.get_tenant(session, "xu-yi").state = "closed"
    assert refuse(sqlite_store, now, read(FIRST)) == ["医院!A2：「虚构甲医院」已停用或关闭"]


def refuse(
    store: Store, now: datetime, sheet: HospitalSheet, rosters: dict[int, Roster] | None = None
) -> list[str]:
    with pytest.raises(InputError) as raised:
        onboard(store, now, sheet, rosters)
    return [f"{problem.address}：{problem.message}" for problem in raised.value.problems]


def test_a_workbook_without_dates_keeps_the_ones_that_are_known(store: Store, now: datetime) -> None:
    onboard(store, now, read(FIRST))
    head: list[Cell] = ["机构名称", "人数"]
    assert onboard(store, now, read(["虚构甲医院", 80], head=head)).count("changed") == 1
    with store.reading() as session:
        (party, _) = queries.list_parties(session)
        terms = find_terms(party.contracts, date(2026, 3, 5))
        assert terms == Terms(date(2026, 1, 1), date(2026, 12, 31), 80)
    assert onboard(store, now, read(["虚构甲医院", 80], head=head)).is_new is False


def test_the_kind_is_brought_up_to_date_and_another_code_is_refused(
    sqlite_store: Store, now: datetime
) -> None:
    onboard(sqlite_store, now, read(FIRST))
    changed = [*FIRST[:2], "院区", *FIRST[3:]]
    assert onboard(sqlite_store, now, read(changed)).count("changed") == 1
    with sqlite_store.reading() as session:
        assert queries.get_tenant(session, "xu-yi").kind == "campus"
    assert refuse(sqlite_store, now, read([FIRST[0], "xu-qi", *FIRST[2:]])) == [
        "医院!A2：「虚构甲医院」已登记的代码是 xu-yi，不是 xu-qi"
    ]


def test_a_name_that_is_somebody_elses_is_refused_with_its_owner(sqlite_store: Store, now: datetime) -> None:
    onboard(sqlite_store, now, read(FIRST, ["虚构丙医院", "xu-san", *[None] * 8]))
    swapped = read(["虚构丙医院", "xu-yi", *[None] * 8], ["虚构甲医院", "xu-san", *[None] * 8])
    assert refuse(sqlite_store, now, swapped)[0] == (
        "医院!A2：名称「虚构丙医院」已经有机构或上级单位在用：虚构丙医院（xu-san）"
    )
    body = read(["虚构区卫健局", "xu-yi", *[None] * 8])
    assert "已经有机构或上级单位在用：虚构区卫健局" in refuse(sqlite_store, now, body)[0]


def test_a_hospitals_roster_holds_its_own_people_only(sqlite_store: Store, now: datetime) -> None:
    strangers = make_roster(["虚构乙医院", "1", "虚构一"], head=["机构", "工号", "姓名"])
    assert refuse(sqlite_store, now, read(SECOND, FIRST), {3: strangers}) == [
        "名册!A2：这份名册是虚构甲医院的，这一行写的机构是虚构乙医院"
    ]


def test_files_of_a_folder_leave_out_what_is_no_roster(tmp_path: Path) -> None:
    for name in ("甲.xlsx", ".隐藏.xlsx", "~$甲.xlsx", "甲.标注.xlsx"):
        (tmp_path / name).touch()
    (tmp_path / "旧").mkdir()
    (tmp_path / "断.xlsx").symlink_to(tmp_path / "没有.xlsx")
    files, others = service.list_files(tmp_path)
    assert ([path.name for path in files], [path.name for path in others]) == (["甲.xlsx"], ["断.xlsx", "旧"])
    with pytest.raises(InputError, match="不是可以读的目录"):
        service.list_files(tmp_path / "没有")
