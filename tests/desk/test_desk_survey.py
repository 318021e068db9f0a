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
from eduops.desk.rules.survey_known import sort_out
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


def unsigned(*scores):
    return [build(Decimal(score)) for score in scores]


def signed(name, score=80, comment=""):
    return rules.build_survey(DAY, score=Decimal(score), items={}, respondent=name, comment=comment)


def scores(found):
    return [int(each.score) for each in found.new], found.known, found.alike


@pytest.mark.parametrize(
    ("earlier", "file", "came"),
    [
        # Nothing before; equal answers of one file are two.
        ([], unsigned(80, 80), ([80, 80], 0, 0)),
        # A longer export of the same survey.
        ([unsigned(80, 91)], unsigned(80, 91, 70), ([70], 2, 0)),
        ([unsigned(80, 91)], unsigned(70, 91, 80), ([70], 2, 0)),
        # A new answer that equals an old one.
        ([unsigned(80, 91)], unsigned(80, 80, 91), ([80], 2, 0)),
        # The same answers saved otherwise.
        ([unsigned(80, 91)], unsigned(91, 80), ([], 2, 0)),
        # Export after export: the second import wrote only what was new.
        ([unsigned(80, 91), unsigned(70)], unsigned(80, 91, 70, 60), ([60], 3, 0)),
        # Two files merged into one.
        ([unsigned(80, 91), unsigned(70, 70)], unsigned(70, 70, 80, 91), ([], 4, 0)),
        # Another department's file of the same day: not all of the earlier one, so all of it is new.
        ([unsigned(80, 91)], unsigned(80, 70), ([80, 70], 0, 1)),
        ([unsigned(80, 80, 91)], unsigned(80, 80), ([80, 80], 0, 2)),
    ],
)
def test_unsigned_answers_are_known_where_the_file_holds_all_of_an_earlier_import(earlier, file, came):
    assert scores(sort_out(file, earlier)) == came


@pytest.mark.parametrize(
    ("earlier", "file", "came"),
    [
        ([[signed("甲"), signed("乙")]], [signed("甲"), signed("丙", 70)], ([70], 1, 0)),
        ([[signed("甲")]], [signed("甲"), signed("甲")], ([80], 1, 0)),
        ([[signed("甲")]], [signed("甲", 81)], ([81], 0, 0)),
        ([[signed("甲")]], [signed("甲", comment="慢")], ([80], 0, 0)),
        ([[signed("甲"), *unsigned(91)]], [signed("甲"), *unsigned(70)], ([70], 1, 0)),
    ],
)
def test_signed_answers_are_known_one_by_one(earlier, file, came):
    assert scores(sort_out(file, earlier)) == came


@given(
    old=st.lists(st.integers(0, 3), max_size=6),
    more=st.lists(st.integers(0, 3), max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_any_longer_export_adds_exactly_what_is_new(old, more, order):
    file = unsigned(*old, *more)
    order.shuffle(file)
    found = sort_out(file, [unsigned(*old)])
    assert sorted(int(each.score) for each in found.new) == sorted(more)
    assert (found.known, found.alike) == (len(old), 0)


def test_items_are_part_of_an_answer(store):
    with store.writing() as session:
        told = [
            build(响应=Decimal("90.10"), 态度=Decimal(80)),
            build(响应=Decimal(80), 态度=Decimal("90.10")),
        ]
        service.import_surveys(session, told, sha256="a", now=NOW, actor="值班")
        again = service.import_surveys(
            session, [*told, build(Decimal(70))], sha256="b", now=NOW, actor="值班"
        )
    assert (again.added, again.known) == (1, 2)


def test_same_file_again_adds_nothing_and_a_longer_one_only_what_is_new(store):
    with store.writing() as session:
        old = unsigned(80, 91)
        came = [
            service.import_surveys(session, surveys, sha256=sha256, now=NOW, actor="值班")
            for surveys, sha256 in ((old, "a"), (old, "a"), (old, "b"), ([*old, *unsigned(80)], "c"))
        ]
        stats = service.build_stats(queries.list_surveys(session), from_on=None, to_on=None)
    assert [(each.added, each.known) for each in came] == [(2, 0), (0, 2), (0, 2), (1, 2)]
    assert (stats.count, stats.mean) == (3, Decimal("83.67"))
    assert stats.departments == {"护理部（虚构）": Decimal("83.67")}


def test_days_asked_for_are_half_open(sqlite_store):
    with sqlite_store.writing() as session:
        service.add_survey(session, build(Decimal(80)), now=NOW, actor="值班")
        assert len(queries.load_surveys(session, from_on=DAY, to_on=date(2026, 3, 6))) == 1
        assert queries.load_surveys(session, to_on=DAY) == ()
        assert service.build_stats([], from_on=None, to_on=None).mean is None
