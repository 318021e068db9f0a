"""The ledger at the terminal: reviewed, posted, corrected, waived, discharged, and shown as it stands."""

import sqlite3

import pytest

MARCH = ("--from", "2026-03-02", "--to", "2026-03-05")
WAIVER = ("--by", "张主任（虚构）", "--document", "信函〔2026〕12号（虚构）", "--reason", "院方断电")


@pytest.fixture
def late(typed):
    """An invented incident answered 45 minutes after its report, arrived at and resolved in time."""
    typed("ticket", "open", "--title", "考试页面打不开（虚构）", "--at", "2026-03-04 09:00")
    typed("ticket", "respond", "INC-2026-0001", "--at", "2026-03-04 09:45")
    typed("ticket", "arrive", "INC-2026-0001", "--at", "2026-03-04 09:50")
    said = typed("ticket", "resolve", "INC-2026-0001", "--cause", "network", "--at", "2026-03-04 10:05")
    assert said.code == 0, said.err
    return "INC-2026-0001"


def test_review_shows_by_kind_what_post_writes(typed, late):
    shown = typed("sla", "review", *MARCH)
    assert "待记入台账（1）" in shown.out
    assert "违约" in shown.out
    [draft] = typed("sla", "review", *MARCH, "--json").json()
    assert (draft["kind"], draft["refers_to"], draft["subject"], draft["counted"]) == (
        "breach",
        None,
        late,
        1,
    )
    posted = typed("sla", "post", *MARCH, "--yes", "--json").json()
    assert posted["posted"] == [draft]
    assert typed("sla", "review", *MARCH, "--json").json() == []
    assert "没有要记入台账的" in typed("sla", "review", *MARCH).out


def test_posting_is_one_entry_of_the_audit_log_however_much_it_wrote(typed, late):
    typed("ticket", "open", "--title", "没有人响应（虚构）", "--at", "2026-03-04 10:00")
    before = len(typed("audit", "list", "--json").json())
    assert typed("sla", "post", *MARCH, "--yes").code == 0
    newest, *rest = typed("audit", "list", "--json").json()
    assert len(rest) == before
    assert (newest["command"], newest["subject"]) == ("eduops sla post", "ledger")
    ledger = typed("sla", "ledger", "--json").json()
    assert len(ledger) > 1
    assert newest["change"] == {
        "entries": len(ledger),
        "first_entry": 1,
        "last_entry": len(ledger),
        "kinds": {"breach": len(ledger)},
        "counted": 2,
    }
    typed("sla", "post", *MARCH, "--yes")
    assert typed("audit", "list", "--json").json()[0] == newest


def test_waived_breach_is_shown_with_customer_and_document_and_counts_no_more(typed, late):
    typed("sla", "post", *MARCH, "--yes")
    assert "有效违约共 1 次" in typed("sla", "ledger").out
    said = typed("sla", "waive", 1, *WAIVER, "--yes")
    assert (said.code, said.out) == (
        0,
        "第 1 条已豁免：张主任（虚构），信函〔2026〕12号（虚构）；记为第 2 条\n",
    )
    shown = typed("sla", "ledger").out
    assert "已豁免" in shown
    assert "有效违约 0 次" in shown
    [row] = typed("sla", "ledger", "--json").json()
    assert (row["state"], row["counted"], row["counted_as_posted"], row["year"]) == ("waived", 0, 1, "Y2")
    assert row["trail"][0]["detail"]["document"] == "信函〔2026〕12号（虚构）"
    assert typed("sla", "verify").code == 0


def test_waiving_demands_a_named_person(typed, late, monkeypatch):
    typed("sla", "post", *MARCH, "--yes")
    monkeypatch.delenv("EDUOPS_ACTOR")
    said = typed("sla", "waive", 1, *WAIVER, "--yes")
    assert (said.code, "EDUOPS_ACTOR" in said.err) == (4, True)
    monkeypatch.setenv("EDUOPS_ACTOR", "工程师甲（虚构）")
    for name in ("--by", "--document", "--reason"):
        place = WAIVER.index(name)
        assert typed("sla", "waive", 1, *WAIVER[:place], *WAIVER[place + 2 :], "--yes").code == 2
    assert typed("sla", "waive", 1, *WAIVER[:-1], " ", "--yes").code == 4
    [row] = typed("sla", "ledger", "--json").json()
    assert row["counted"] == 1


def test_rehearsed_waiver_writes_nothing(typed, late):
    typed("sla", "post", *MARCH, "--yes")
    said = typed("sla", "waive", 1, *WAIVER, "--dry-run")
    assert (said.code, "预演" in said.out) == (0, True)
    assert typed("sla", "ledger", "--json").json()[0]["state"] == "in_force"
    assert typed("sla", "verify").out.startswith("台账完好：1 条")


def test_what_is_not_in_the_ledger_cannot_be_waived_or_discharged(typed, late):
    assert typed("sla", "waive", 7, *WAIVER, "--yes").code == 4
    typed("sla", "post", *MARCH, "--yes")
    said = typed("sla", "discharge", 1, "--figure", "90", "--document", "纪要", "--yes")
    assert (said.code, "第 1 条是违约，不能销项" in said.err) == (4, True)
    bare = typed("sla", "discharge", 1, "--yes")
    assert (bare.code, bare.err) == (4, said.err)
    assert typed("sla", "discharge", 1, "--figure", "九十", "--yes").code == 2


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--year", "Y2"], 1),
        (["--year", "Y1"], 0),
        (["--from", "2026-03-04"], 1),
        (["--from", "2026-03-05"], 0),
        (["--to", "2026-03-04"], 1),
        (["--to", "2026-03-03"], 0),
    ],
)
def test_ledger_is_filtered_by_day_and_contract_year(typed, late, words, count):
    typed("sla", "post", *MARCH, "--yes")
    assert len(typed("sla", "ledger", *words, "--json").json()) == count


def test_year_that_the_contract_does_not_have_is_refused(typed):
    said = typed("sla", "ledger", "--year", "Y3")
    assert (said.code, "Y1、Y2" in said.err) == (2, True)


def test_evaluation_prints_the_agreed_keys_in_their_order(typed, late):
    answer = typed("sla", "evaluate", *MARCH, "--json").json()
    assert list(answer) == [
        *("contract", "from", "to", "as_of", "provisional"),
        *("findings", "counted", "by_clause"),
    ]
    assert list(answer["findings"][0]) == [
        *("key", "clause", "rule", "consequence", "subject", "period", "due_at", "actual_at"),
        *("limit", "actual", "actual_raw", "unit", "counted", "provisional", "text"),
    ]


def test_ticket_outside_the_term_is_named_on_stderr(typed):
    typed("ticket", "open", "--title", "合同前的一张（虚构）", "--at", "2024-11-20 09:00")
    said = typed("sla", "evaluate", "--from", "2024-11-20", "--to", "2024-12-31", "--json")
    assert "INC-2024-0001" in said.err
    assert "outside" not in said.json()
    for days in (("2024-11-21", "2024-12-31"), ("2024-11-01", "2024-11-19")):
        assert typed("sla", "evaluate", "--from", days[0], "--to", days[1]).err == ""


def test_obligation_from_surveys_is_posted_and_discharged_by_the_quarter_that_closed_it(typed, monkeypatch):
    for day, score in (("2025-12-10", 70), ("2026-02-10", 91)):
        said = typed("survey", "add", "--score", score, "--department", "虚构科", "--on", day)
        assert said.code == 0, said.err
    typed("sla", "post", "--from", "2025-12-01", "--to", "2025-12-31", "--yes")
    [row] = typed("sla", "ledger", "--json").json()
    assert (row["kind"], row["state"], row["counted"]) == ("obligation", "in_force", 0)
    assert "整改义务（台账第 1 条）：2025Q4 用户满意度平均 70 分" in typed("sla", "status").out
    assert typed("sla", "discharge", 1, "--yes").code == 4
    monkeypatch.setenv("EDUOPS_NOW", "2026-04-02T09:00:00+08:00")
    said = typed("sla", "discharge", 1, "--yes")
    assert said.out == "第 1 条已销项：91（2026Q1 达标）；记为第 2 条\n"
    assert "整改义务" not in typed("sla", "status").out
    shown = typed("sla", "ledger").out
    assert "已销项" in shown
    assert "尚未销项" not in shown
    findings = typed("sla", "evaluate", "--from", "2025-12-01", "--to", "2025-12-31", "--json").json()[
        "findings"
    ]
    assert "2026Q1 的 91 已达标" in next(each["text"] for each in findings if each["clause"] == "2.8")


def test_corrected_fact_shows_as_a_revocation_and_leaves_the_count(typed, late):
    typed("sla", "post", *MARCH, "--yes")
    said = typed("ticket", "correct", late, "responded_at", "2026-03-04 09:10", "--reason", "记错了")
    assert said.code == 0, said.err
    [draft] = typed("sla", "review", *MARCH, "--json").json()
    assert (draft["kind"], draft["refers_to"]) == ("revoke", 1)
    assert "撤销" in typed("sla", "review", *MARCH).out
    assert "记入台账 1 条（其中撤销、更正 1 条）" in typed("sla", "post", *MARCH, "--yes").out
    shown = typed("sla", "ledger").out
    assert "已撤销" in shown
    assert "有效违约 0 次" in shown


@pytest.mark.parametrize("change", ["finding = replace(finding, ',', ', ')", "posted_at = 'gestern'"])
def test_entry_that_somebody_wrote_into_is_named_and_nothing_is_built_on_it(typed, late, home, change):
    typed("sla", "post", *MARCH, "--yes")
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute(f"UPDATE ledger_entry SET {change}")
    said = typed("sla", "verify", "--json")
    assert (said.code, said.json()["fault"]) == (1, "第 1 条记录不符：内容被改动，已读不出来")
    for words in (["ledger"], ["review", *MARCH], ["post", *MARCH, "--yes"], ["waive", 1, *WAIVER, "--yes"]):
        said = typed("sla", *words)
        assert (said.code, "sla verify" in said.err) == (4, True), words


@pytest.mark.parametrize(
    "change",
    [
        "finding = '[]'",
        "finding = '{}'",
        "detail = '[]'",
        "kind = 'zzz'",
        "posted_by = x'ff00'",
        "falls_on = 'x'",
    ],
)
def test_entry_changed_into_something_else_is_named_by_every_reading_verb(typed, late, home, change):
    typed("sla", "post", *MARCH, "--yes")
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute(f"UPDATE ledger_entry SET {change}")
    said = typed("sla", "verify", "--json")
    assert (said.code, said.json()["fault"].partition("：")[0]) == (1, "第 1 条记录不符")
    said = typed("sla", "ledger")
    assert (said.code, "第 1 条记录不符" in said.err) == (4, True)
    said = typed("report", "build", "quarterly", "--period", "2026Q1")
    assert (said.code, "第 1 条记录不符" in said.err, "sla verify" in said.err) == (4, True, True)
    assert typed("doctor").code == 1
    assert typed("sla", "status").code in (0, 4)


@pytest.mark.parametrize("change", ["facts = '[]'", "findings = '{'", "closed_at = 'x'", "period = 'x'"])
def test_closing_that_somebody_wrote_into_is_named(typed, home, change):
    assert typed("sla", "close", "2025-12", "--yes").code == 0
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute(f"UPDATE ledger_closing SET {change}")
    said = typed("sla", "verify", "--json")
    assert (said.code, said.json()["closing_fault"].partition("：")[0]) == (1, "第 1 条结账记录不符")
    said = typed("sla", "closings")
    assert (said.code, "第 1 条结账记录不符" in said.err) == (4, True)


def test_missing_head_is_said_and_written_again_by_the_next_post(typed, late, home):
    typed("sla", "post", *MARCH, "--yes")
    (home / "ledger.head").unlink()
    said = typed("sla", "verify")
    assert (said.code, "ledger.head" in said.err, "sla post" in said.err) == (0, True, True)
    assert typed("sla", "post", *MARCH, "--yes").code == 0
    assert typed("sla", "verify").err == ""


def test_emptied_ledger_is_a_fault_without_its_head_too(typed, late, home):
    typed("sla", "post", *MARCH, "--yes")
    (home / "ledger.head").unlink()
    with sqlite3.connect(home / "eduops.db") as connection:
        connection.execute("DELETE FROM ledger_entry")
    said = typed("sla", "verify", "--json")
    assert (said.code, said.json()["fault"]) == (1, "末尾缺少记录：登记过 1 条，现在只有 0 条")
    said = typed("sla", "post", *MARCH, "--yes")
    assert (said.code, "末尾缺少记录" in said.err) == (4, True)
