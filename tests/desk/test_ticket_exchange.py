"""Tickets from files and into files: read to the letter, or refused with a sentence; everything is invented (虚构)."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from desk.ticket_strategy import facts, odd_exclusion, odd_plan, odd_reopening, odd_values, planned_facts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from eduops.contract.fact import Plan, TicketFact
from eduops.contract.ticket_fact import FIELDS, parse_ticket
from eduops.contract.ticket_row import COLUMNS, build_record
from eduops.core.errors import InputError, UsageError
from eduops.desk import queries
from eduops.desk.rules import exchange, ticket_object
from eduops.desk.service import ticket_file as service
from eduops.sheet.read import read_workbook
from eduops.store.store import Store

ZONE = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def lines(*objects):
    return [json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in objects]


def read(*raw):
    return exchange.parse_rows(exchange.read_lines(raw), ZONE, file="工单.jsonl")


def refusal(*raw):
    with pytest.raises(InputError) as refused:
        read(*raw)
    return [(problem.address, problem.message) for problem in refused.value.problems]


def written(fact):
    return parse_ticket(json.loads(json.dumps(ticket_object.build_object(fact, ZONE))), ZONE)


@MANY
@given(facts() | planned_facts())
def test_what_is_written_as_an_object_is_read_back_as_the_same_fact(fact):
    assert written(fact) == fact


@MANY
@given(facts() | planned_facts(), st.sampled_from([ZONE, NEW_YORK]))
def test_what_is_written_as_a_row_is_read_back_as_the_same_fact(fact, zone):
    row = dict(zip(COLUMNS, ticket_object.build_row(fact, zone), strict=True))
    assert parse_ticket(build_record(row), zone) == fact


def test_an_hour_that_happens_twice_carries_its_offset():
    fact = TicketFact("T-1", datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
    row = dict(zip(COLUMNS, ticket_object.build_row(fact, NEW_YORK), strict=True))
    assert row["reported_at"] == "2026-11-01T01:30:00-05:00"


@settings(MANY, max_examples=400)
@given(
    st.dictionaries(st.sampled_from(FIELDS), odd_values, max_size=12),
    st.lists(odd_exclusion, max_size=2) | odd_values,
    st.lists(odd_reopening, max_size=2) | odd_values,
    odd_plan | odd_values,
)
@example(
    {"ref": "T", "reported_at": "9999-12-31T20:00:00Z", "responded_at": "9999-12-31T19:00:00Z"}, [], [], {}
)
@example({"ref": "T\x00", "reported_at": "2026-03-05 11:50"}, [], [], {})
@example({"ref": "T" * 65, "reported_at": "2026-03-05 11:50"}, [], [], {})
def test_any_object_is_taken_in_or_refused_with_a_sentence(fields, exclusions, reopened, plan):
    record = {
        "ref": "T", "reported_at": "2026-03-05 11:50", "exclusions": exclusions, "reopened": reopened, "plan": plan,
        **fields,
    }  # fmt: skip
    try:
        (row,) = exchange.parse_rows([("第 1 行", record)], ZONE, file="工单").rows
    except InputError as error:
        assert error.problems
        assert all(problem.message and problem.address == "第 1 行" for problem in error.problems)
    else:
        assert written(row.fact) == row.fact


@MANY
@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
def test_any_line_is_an_object_or_told_to_be_none(data):
    for address, found in exchange.read_lines([data]):
        assert address == "第 1 行"
        assert isinstance(found, dict | str)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "不是一个完整的 JSON 对象"),
        (b"[" * 100_000, "不是一个完整的 JSON 对象"),
        (b"[]", "应是一个 JSON 对象"),
        (b"\xff\xfe", "不是 UTF-8 编码的文本"),
        (b'{"ref": NaN}', "不是一个完整的 JSON 对象"),
        (b'{"ref": "a", "ref": "b"}', "ref：这个字段写了两次"),
        (b'{"reported_at": "2026-03-05 11:50"}', "ref：不能为空"),
        (b'{"ref": "B", "reported_at": "9999-12-31T16:00:00Z"}', "有时间超出可用的年份"),
        (b'{"ref": "B\\u0007", "reported_at": "2026-03-05 11:50"}', "ref：含有不可见的控制字符"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line, said):
    assert refusal(*lines({"ref": "A", "reported_at": "2026-03-05 11:50"}), line) == [("第 2 行", said)]


def test_every_bad_row_is_named_with_both_times():
    found = refusal(
        *lines(
            {"ref": "A", "reported_at": "2026-03-05 11:50", "responded_at": "2026-03-05 11:49"},
            {"ref": "B", "reported_at": "2026-03-05 11:50"},
            {"ref": "B", "reported_at": "2026-03-05 11:50"},
            {"ref": "C", "reported_at": "2026-03-05"},
        )
    )
    assert [address for address, _ in found] == ["第 1 行", "第 3 行", "第 4 行"]
    assert "11:49" in found[0][1]
    assert "11:50" in found[0][1]
    assert found[1][1] == "工单号 B 与第 2 行重复"


def test_empty_lines_and_a_byte_order_mark_are_no_rows():
    (row,) = read(
        b"\xef\xbb\xbf", b"\n", *lines({"ref": "A", "reported_at": "2026-03-05 11:50"}), b"  \n"
    ).rows
    assert (row.fact.ref, row.address) == ("A", "第 3 行")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".xlsx"])
@settings(FEW, max_examples=8)
@given(told=st.lists(facts() | planned_facts(), min_size=1, max_size=8, unique_by=lambda fact: fact.ref))
def test_a_file_of_any_kind_brings_back_the_same_facts(suffix, told, tmp_path_factory):
    path = tmp_path_factory.mktemp("told") / f"工单{suffix}"
    service.export_tickets(told, path, ZONE)
    assert [row.fact for row in service.load_tickets(path, ZONE).rows] == told


@FEW
@given(told=st.lists(facts() | planned_facts(), max_size=6, unique_by=lambda fact: fact.ref))
def test_the_store_keeps_every_fact_to_the_letter(store: Store, told):
    rows = exchange.TicketFile(tuple(exchange.TicketRow(fact, "第 1 行") for fact in told))
    with store.writing() as session:
        result = service.import_tickets(session, rows, file="工单", now=NOW, actor="虚构", zone=ZONE)
        found = queries.load_facts(session)
        again = service.import_tickets(session, rows, file="工单", now=NOW, actor="虚构", zone=ZONE)
        session.rollback()
    assert (result.added, again.added, again.unchanged) == (len(told), 0, len(told))
    assert {fact.ref: fact for fact in found} == {fact.ref: fact for fact in told}
    assert [fact.reported_at for fact in found] == sorted(fact.reported_at for fact in told)


def test_the_columns_stand_in_the_order_of_the_facts_fields():
    names = [column.key for column in queries.FACT_COLUMNS]
    fields = [
        name for name in TicketFact.__dataclass_fields__ if name not in ("plan", "exclusions", "reopened")
    ]
    assert names == ["id", *fields, *(f"plan_{name}" for name in queries._PLAN)]


def test_the_template_is_imported_as_it_is_without_its_examples(tmp_path):
    path = tmp_path / "模板.xlsx"
    service.write_template(path, ZONE)
    with pytest.raises(InputError, match="里没有一张工单"):
        service.load_tickets(path, ZONE)
    assert exchange.read_workbook_rows(read_workbook(path)) == ([], ("填写说明",))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_examples_of_the_other_templates_are_left_alone_and_counted(tmp_path, suffix):
    path = tmp_path / f"模板{suffix}"
    service.write_template(path, ZONE)
    assert path.read_text(encoding="utf-8-sig").count("虚构") >= 2
    with pytest.raises(InputError, match="里没有一张工单（2 行示例不算）"):
        service.load_tickets(path, ZONE)
    own = (
        '{"ref": "A", "reported_at": "2026-03-05 09:00"}'
        if suffix == ".jsonl"
        else "A,,,,,,,,2026-03-05 09:00"
    )
    with path.open("a", encoding="utf-8") as stream:
        stream.write(own + "\n")
    found = service.load_tickets(path, ZONE)
    assert ([row.fact.ref for row in found.rows], found.examples) == (["A"], 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("空.jsonl", ""),
        ("空.jsonl", "\n\n"),
        ("空.csv", "工单号,报修时间\n,\n"),
        ("空.csv", "工单号,报修时间,标题\n,,\n"),
    ],
)
def test_a_file_without_a_ticket_is_refused_whatever_its_kind(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="没有一张工单"):
        service.load_tickets(path, ZONE)


def test_another_kind_of_file_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.txt"):
        service.export_tickets([], tmp_path / "工单.txt", ZONE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("工单号,标题\nA,虚构\n", "找不到工单表"),
        ("工单号,报修时间,颜色\nA,2026-03-05 11:50,红\n", "不认识「颜色」这一列"),
        ("工单号,编号,报修时间\nA,A,2026-03-05 11:50\n", "有不止一列"),
        ("工单号,报修时间,等待甲方\nA,2026-03-05 11:50,[\n", "等待甲方：应是对象的列表"),
        (
            '工单号,报修时间,等待甲方\nA,2026-03-05 11:50,"[{""from"": ""x""}]"\n',
            "等待甲方[1].from：「x」不是可识别的时间",
        ),
        (
            "工单号,报修时间,影响\nA,2026-03-05 11:50,很大\n",
            "影响：「很大」不在允许的值里：system（系统停机）、",
        ),
        (
            "工单号,报修时间,计划内\nA,2026-03-05 11:50,也许\n",
            "计划内：「也许」应写 是（true）或 否（false）",
        ),
        ("工单号,报修时间,方案提交时间\nA,2026-03-05 11:50,昨天\n", "方案提交时间：「昨天」"),
        ("工单号,报修时间\nA,昨天\n", "报修时间：「昨天」不是可识别的时间"),
        (f"工单号,报修时间\n{'A' * 65},2026-03-05 11:50\n", "工单号：超过 64 个字"),
        ("工单号,报修时间,解决时间\nA,2026-03-05 11:50,2026-03-05 11:00\n", "解决时间 2026-03-05 11:00"),
    ],
)
def test_a_table_that_is_not_understood_is_refused(tmp_path, content, said):
    path = tmp_path / "工单.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        service.load_tickets(path, ZONE)
    assert said in "；".join([refused.value.message, *map(str, refused.value.problems)])


def test_chinese_heads_and_words_are_read(tmp_path):
    path = tmp_path / "工单.csv"
    path.write_text(
        "工单登记表（虚构）\n工单号,类型,影响,原因,报修时间,方案期限,方案提交时间,计划内\n"
        "A,故障,系统停机,软件,2026/3/5 9:05,2026-03-06,2026-03-05 10:00,否\n",
        encoding="gb18030",
    )
    (row,) = service.load_tickets(path, ZONE).rows
    assert row.address == "第 3 行"
    assert (row.fact.kind, row.fact.impact, row.fact.cause) == ("incident", "system", "software")
    assert row.fact.reported_at == datetime(2026, 3, 5, 1, 5, tzinfo=UTC)
    assert row.fact.plan.deadline == datetime(2026, 3, 6, 16, 0, tzinfo=UTC)


def test_a_known_row_told_otherwise_is_named_by_its_columns():
    known = TicketFact("A", NOW, plan=Plan(NOW))
    told = TicketFact("A", NOW, responded_at=NOW, plan=Plan(NOW, deadline=NOW))
    said = ticket_object.list_differences(known, told, ZONE, exchange.name_column)
    assert [each.partition("（")[0] for each in said] == ["响应时间", "方案"]
    assert [each.partition("（")[0] for each in ticket_object.list_differences(known, told, ZONE)] == [
        "responded_at",
        "plan",
    ]
