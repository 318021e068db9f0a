"""A document is written down with the version it carries and the hash of the file that was handed over."""

import threading
from datetime import UTC, date, datetime

import pytest
from docx import Document as open_docx
from sqlmodel import select

from eduops.asset import service as assets
from eduops.asset.rules import Environment, NewHost, Role
from eduops.contract.loader import load_contract
from eduops.core.errors import InputError, NotAllowed, UsageError
from eduops.core.files import hash_file
from eduops.core.home import CONTRACT_NAME, Home, Settings
from eduops.core.shipped import find_shipped
from eduops.delivery import queries
from eduops.ledger.head import CLOSING_FILE, FILE, save_head
from eduops.ledger.rules import Head
from eduops.report import queries as queries_of_report
from eduops.report.quarter import next_period, parse_quarter
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.service import tenant as tenants
from eduops.workflow.document import build_quarterly

AFTER = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def contract():
    return load_contract(find_shipped("configs", "contracts", CONTRACT_NAME))


@pytest.fixture
def own_quarters(contract):
    return contract.model_copy(update={"policy": contract.policy.model_copy(update={"quarter": "contract"})})


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home" / "reports").mkdir(parents=True)
    return Home(tmp_path / "home")


def build(session, contract, home, *, period="2026Q3", target=None, now=AFTER):
    return build_quarterly(
        session, contract, home, period=period, cut_off_at=now, target=target, now=now, actor="值班（虚构）"
    )


def test_each_version_is_a_file_and_a_row_of_its_own(store, contract, home):
    made = []
    for _ in range(2):
        with store.writing() as session:
            made.append(build(session, contract, home))
    assert [each.document.version for each in made] == ["V1", "V2"]
    assert [each.document.ref for each in made] == ["DOC-2026-0001", "DOC-2026-0002"]
    assert [each.path.name for each in made] == [
        "运维工作季度报告-2026Q3-V1.docx", "运维工作季度报告-2026Q3-V2.docx",
    ]  # fmt: skip
    with store.reading() as session:
        rows = queries.list_documents(session)[::-1]
    for row, each in zip(rows, made, strict=True):
        assert each.path.parent == home.folder("reports")
        assert (row.file_name, row.sha256) == (each.path.name, hash_file(each.path))
        assert row.size_bytes == each.path.stat().st_size
        assert (row.kind, row.period, row.made_by, row.is_invented) == (
            "quarterly", "2026Q3", "值班（虚构）", False,
        )  # fmt: skip
        assert (row.made_at, row.cut_off_at) == (AFTER, AFTER)
        text = "\n".join(cell.text for table in open_docx(each.path).tables for cell in table._cells)
        assert row.version in text + "\n".join(
            paragraph.text for paragraph in open_docx(each.path).paragraphs
        )


def test_versions_are_counted_by_period(sqlite_store, contract, home):
    with sqlite_store.writing() as session:
        versions = [
            build(session, contract, home, period=each).document.version for each in ("2026Q2", "2026Q3")
        ]
    assert versions == ["V1", "V1"]


def test_two_who_build_at_once_get_two_versions(store, contract, home):
    gate, made = threading.Barrier(2), []

    def work():
        gate.wait()
        with store.writing() as session:
            made.append(build(session, contract, home))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.document.version for each in made) == ["V1", "V2"]
    assert all(each.document.sha256 == hash_file(each.path) for each in made)


def test_document_goes_where_it_is_asked_for(sqlite_store, contract, home, tmp_path):
    with sqlite_store.writing() as session:
        made = build(session, contract, home, target=tmp_path / "给甲方" / "报告.docx")
    assert made.path == tmp_path / "给甲方" / "报告.docx"
    assert made.document.sha256 == hash_file(made.path)
    assert list(home.folder("reports").iterdir()) == []


def test_invented_data_mark_the_document(sqlite_store, contract, home):
    new = NewHost(
        "app-1",
        "应用服务器（虚构）",
        Role.APPLICATION,
        Environment.PRODUCTION,
        "10.66.0.11",
        is_invented=True,
    )
    with sqlite_store.writing() as session:
        assert not build(session, contract, home).document.is_invented
        assets.add_host(session, new, now=AFTER)
        assert build(session, contract, home).document.is_invented


def test_home_of_invented_data_marks_every_document(sqlite_store, contract, home):
    home.settings_path.write_text("invented: true\n")
    with sqlite_store.writing() as session:
        assert build(session, contract, home).document.is_invented


@pytest.mark.parametrize(
    ("made_at", "ref"),
    [("2026-12-31T15:59:59+00:00", "DOC-2026-0001"), ("2026-12-31T16:00:00+00:00", "DOC-2027-0001")],
)
def test_reference_carries_the_year_of_the_contracts_zone(sqlite_store, contract, home, made_at, ref):
    with sqlite_store.writing() as session:
        assert build(session, contract, home, now=datetime.fromisoformat(made_at)).document.ref == ref


@pytest.mark.parametrize(
    "period", ["2026Q5", "2024Q3", "2027Q1", "0000Q1", "Y1Q1", "2026q3", "三季度", "", "２０２６Q3"]
)
def test_unknown_period_lists_the_choices_and_leaves_nothing(sqlite_store, contract, home, period):
    with pytest.raises(UsageError, match="合同里没有季度") as caught, sqlite_store.writing() as session:
        build(session, contract, home, period=period)
    choices = "2024Q4、2025Q1、2025Q2、2025Q3、2025Q4、2026Q1、2026Q2、2026Q3、2026Q4"
    assert caught.value.hint == f"可选：{choices}"
    with sqlite_store.reading() as session:
        assert queries.list_documents(session) == []
    assert list(home.folder("reports").iterdir()) == []


@pytest.mark.parametrize(("file", "said"), [(FILE, "缺少记录"), (CLOSING_FILE, "缺少结账记录")])
def test_nothing_is_built_on_a_ledger_or_closings_that_do_not_fit(sqlite_store, contract, home, file, said):
    save_head(home.path, Head(1, "1" * 64), file)
    with pytest.raises(NotAllowed, match=said) as caught, sqlite_store.writing() as session:
        build(session, contract, home)
    assert "eduops sla verify" in caught.value.hint
    assert list(home.folder("reports").iterdir()) == []


def test_target_that_cannot_be_written_leaves_no_row(sqlite_store, contract, home, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="不能写入"), sqlite_store.writing() as session:
        build(session, contract, home, target=tmp_path / "file" / "报告.docx")
    with sqlite_store.reading() as session:
        assert queries.list_documents(session) == []


@pytest.mark.parametrize(
    ("text", "from_on", "to_on", "following_on"),
    [
        ("2024Q4", date(2024, 10, 1), date(2024, 12, 31), date(2025, 1, 1)),
        ("2026Q3", date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 1)),
        ("2026Q4", date(2026, 10, 1), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_calendar_quarters_are_whole(contract, text, from_on, to_on, following_on):
    period = parse_quarter(contract, text)
    assert (period.from_on, period.to_on) == (from_on, to_on)
    assert next_period(contract, period).from_on == following_on


def test_contracts_own_quarters_count_from_its_start(own_quarters):
    period = parse_quarter(own_quarters, "Y1Q4")
    assert (period.label, period.from_on, period.to_on) == (
        "第一合同年第四季度", date(2025, 9, 1), date(2025, 11, 30),
    )  # fmt: skip
    following = next_period(own_quarters, period)
    assert (following.label, following.from_on) == ("第二合同年第一季度", date(2025, 12, 1))
    with pytest.raises(UsageError) as caught:
        parse_quarter(own_quarters, "2026Q3")
    assert caught.value.hint == "可选：Y1Q1、Y1Q2、Y1Q3、Y1Q4、Y2Q1、Y2Q2、Y2Q3、Y2Q4"


def test_host_added_after_the_quarter_leaves_its_report_without_patrols(sqlite_store, contract, home):
    new = NewHost("app-1", "应用服务器（虚构）", Role.APPLICATION, Environment.PRODUCTION, "10.66.0.11")
    with sqlite_store.writing() as session:
        assets.add_host(session, new, now=AFTER)
        made = build(session, contract, home)
    assert "巡检主机" not in "\n".join(paragraph.text for paragraph in open_docx(made.path).paragraphs)


def test_a_real_homes_report_leaves_rehearsals_and_invented_people_out(store, contract, home):
    with store.writing() as session:
        tenants.sync_tenants(session, contract, now=AFTER, actor="甲（虚构）")
        owner = session.exec(select(Tenant)).first()
        for number, is_invented in ((1, True), (2, True), (3, False)):
            session.add(
                Learner(
                    tenant_id=owner.id, id=number, staff_number=f"X{number}", name="虚构某", is_invented=is_invented,
                    created_at=AFTER,
                )
            )  # fmt: skip
    with store.reading() as session:
        facts = queries_of_report.load_quarterly_facts(
            session, contract, Settings(), period=parse_quarter(contract, "2026Q3"), cut_off_at=AFTER, now=AFTER,
            prepared_by="值班（虚构）", version="V1",
        )  # fmt: skip
        invented = queries_of_report.load_quarterly_facts(
            session, contract, Settings(invented=True), period=parse_quarter(contract, "2026Q3"), cut_off_at=AFTER,
            now=AFTER, prepared_by="值班（虚构）", version="V1",
        )  # fmt: skip
    assert (facts.learner_count, facts.is_invented) == (1, False)
    # The contract names no end for the bureau: that is told, not taken for fine.
    assert [(each.name, each.code) for each in facts.tenant_findings] == [("番禺区卫生健康局", "no_end")]
    assert (invented.learner_count, invented.is_invented) == (3, True)
