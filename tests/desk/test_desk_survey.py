"""Satisfaction: what an answer may be, files of them, their mean; everything is invented (虚构)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.contract.fact import SurveyFact
from eduops.core.errors import InputError
from eduops.desk import queries
from eduops.desk.rules import survey as rules
from eduops.desk.service import survey as service
from eduops.sheet.read import read_workbook

NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
DAY = date(2026, 3, 5)


def build(score=None, **items):
    return rules.build_survey(DAY, score=score, items=items, department="护理部（虚构）")


def read(tmp_path, text):
    path = tmp_path / "满意度.csv"
    path.write_text(text, encoding="utf-8")
    return rules.read_surveys(read_workbook(path))


@pytest.mark.parametrize("score", [Decimal(0), Decimal(100), Decimal("84.99"), Decimal("85.00")])
def test_score_within_the_scale_is_kept_exactly(store, score):
    with store.writing() as session:
        service.add_survey(session, build(score), now=NOW, actor="值班")
        assert queries.load_surveys(session) == (SurveyFact(DAY, score),)


@pytest.mark.parametrize("score", [Decimal("-0.01"), Decimal("100.01"), Decimal("85.001")])
def test_score_outside_the_scale_is_refused(score):
    with pytest.raises(InputError, match="得分"):
        build(score)


def test_items_make_the_score_and_stand_beside_none():
    assert build(响应=Decimal(90), 态度=Decimal("90.25"), 效果=Decimal(100)).score == Decimal("93.42")
    assert build(响应=Decimal("0.01"), 态度=Decimal(0)).score == Decimal("0.01")
    for wrong in ({"score": Decimal(90), "响应": Decimal(90)}, {}):
        with pytest.raises(InputError, match="总分和分项"):
            build(**wrong)


@given(
    st.text(max_size=8)
    | st.decimals().map(str)
    | st.sampled_from(["九十", "９０", "90分", "NaN", "1e999999999"])
)
def test_any_score_text_is_a_figure_or_refused(text):
    try:
        assert rules.parse_score(text).is_finite()
    except InputError as error:
        assert "不是分数" in error.message


@given(st.text(max_size=12) | st.dates().map(str) | st.datetimes() | st.dates() | st.floats() | st.booleans())
def test_any_day_is_a_day_or_refused(value):
    try:
        assert isinstance(rules.parse_day(value), date)
    except InputError as error:
        assert "不是日期" in error.message


def test_file_of_feedback_forms_is_read(tmp_path):
    found = read(
        tmp_path,
        "科室使用情况反馈表（虚构）\n日期,科室,填表人,得分,意见,项目：响应及时,项目：态度\n"
        "2026/3/5,护理部,周（虚构）,88,好,,\n2026-03-06,药剂科,,,,90,95.5\n2026年3月7日,信息科,,90,,80,100\n",
    )
    assert [(each.answered_on.day, each.score) for each in found] == [
        (5, Decimal(88)), (6, Decimal("92.75")), (7, Decimal(90))
    ]  # fmt: skip
    assert found[1].items == {"响应及时": Decimal(90), "态度": Decimal("95.5")}


def test_every_bad_row_is_named(tmp_path):
    with pytest.raises(InputError) as refused:
        read(tmp_path, "日期,得分\n2026-03-05,101\n2026-03-05,88\n昨天,88\n2026-03-05,\n2026-02-29,88\n")
    assert [problem.address for problem in refused.value.problems] == [f"第 {row} 行" for row in (2, 4, 5, 6)]


def test_file_without_scores_is_none_of_ours(tmp_path):
    with pytest.raises(InputError, match="找不到满意度调查"):
        read(tmp_path, "日期,科室\n2026-03-05,护理部\n")


def test_same_file_again_adds_nothing(store):
    with store.writing() as session:
        surveys = [build(Decimal(80)), build(Decimal(91))]
        added = [
            service.import_surveys(session, surveys, sha256=sha256, now=NOW, actor="值班") for sha256 in "aab"
        ]
        stats = service.build_stats(queries.list_surveys(session), from_on=None, to_on=None)
    assert added == [2, 0, 2]
    assert (stats.count, stats.mean, stats.departments) == (
        4,
        Decimal("85.50"),
        {"护理部（虚构）": Decimal("85.50")},
    )


def test_days_asked_for_are_half_open(sqlite_store):
    with sqlite_store.writing() as session:
        service.add_survey(session, build(Decimal(80)), now=NOW, actor="值班")
        assert len(queries.load_surveys(session, from_on=DAY, to_on=date(2026, 3, 6))) == 1
        assert queries.load_surveys(session, to_on=DAY) == ()
        assert service.build_stats([], from_on=None, to_on=None).mean is None
