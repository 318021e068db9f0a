"""Drawing: repeatable, whole groups, no question twice; papers and exams as they are kept."""

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from training.made_exam import MADE_AT, OPTIONS, SINGLE, TRUE_FALSE, add_bank, add_programme, add_revision

from eduops.core.errors import NotAllowed, NotFound, UsageError
from eduops.store.store import Store
from eduops.training.models import bank as banks
from eduops.training.models.exam import Exam, Paper
from eduops.training.queries import exam as queries
from eduops.training.rules.paper import KINDS, Part, count_units, draw, parse_part
from eduops.training.rules.question import BankItem, Group, GroupKind, Question, QuestionType
from eduops.training.service import paper as service

ONE = Decimal(1)


def make_bank(singles: int, groups: list[int], *, kind: GroupKind = GroupKind.SHARED_STEM) -> list[BankItem]:
    """`singles` questions that stand alone and one group of each given size."""
    group = Group(kind, "虚构题干")
    sizes = [
        *([(None, None)] * singles),
        *((n, group) for n, size in enumerate(groups, 1) for _ in range(size)),
    ]
    return [
        BankItem(place, 1, group_id, place, SINGLE, own) for place, (group_id, own) in enumerate(sizes, 1)
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("single=20:1.5", Part("single", 20, Decimal("1.5"))),
        (" blank=1:0.01 ", Part("blank", 1, Decimal("0.01"))),
        ("multiple=500:1000", Part("multiple", 500, Decimal(1000))),
    ],
)
def test_a_part_of_a_blueprint_is_kind_count_and_points(text: str, part: Part) -> None:
    assert parse_part(text) == part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("single", "写法不对"),
        ("single=20", "写法不对"),
        ("single=20:1.555", "写法不对"),
        ("single=-1:1", "写法不对"),
        ("single=" + "9" * 5000 + ":1", "写法不对"),
        ("essay=2:1", "没有题型 essay"),
        ("single=0:1", "1 到 500"),
        ("single=501:1", "1 到 500"),
        ("single=1:0", "大于 0"),
        ("single=1:1000.01", "不超过 1000"),
    ],
)
def test_a_part_that_cannot_be_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_part(text)


@given(
    st.integers(0, 8),
    st.lists(st.integers(1, 4), max_size=5),
    st.integers(0, 2**31 - 1),
    st.data(),
)
def test_a_draw_repeats_by_its_seed_takes_groups_whole_and_no_question_twice(
    singles: int, groups: list[int], seed: int, data: st.DataObject
) -> None:
    bank = make_bank(singles, groups)
    takes = {
        "single": data.draw(st.integers(0, singles)),
        "shared_stem": data.draw(st.integers(0, len(groups))),
    }
    blueprint = [Part(kind, count, ONE) for kind, count in takes.items() if count]
    if not blueprint:
        return
    drawn = draw(bank, blueprint, seed=seed)
    assert drawn == draw(Random(seed).sample(bank, len(bank)), blueprint[::-1], seed=seed)
    ids = [each.item.question_id for each in drawn]
    assert len(ids) == len(set(ids))
    assert [each.number for each in drawn] == list(range(1, len(drawn) + 1))
    taken = Counter(each.item.group_id for each in drawn)
    assert taken.pop(None, 0) == takes["single"]
    assert len(taken) == takes["shared_stem"]
    assert all(count == groups[group - 1] for group, count in taken.items() if group)
    order = [each.item.group_id for each in drawn if each.item.group_id]
    assert sum(before != after for before, after in zip([0, *order], order, strict=False)) == len(taken)


def test_another_seed_gives_another_paper() -> None:
    bank = make_bank(40, [])
    assert draw(bank, [Part("single", 10, ONE)], seed=1) != draw(bank, [Part("single", 10, ONE)], seed=2)


def test_parts_come_in_the_order_of_a_paper_however_they_are_written() -> None:
    bank = [*make_bank(2, [2]), BankItem(99, 1, None, 99, TRUE_FALSE, None)]
    parts = [Part("shared_stem", 1, ONE), Part("true_false", 1, ONE), Part("single", 2, ONE)]
    assert [each.kind for each in draw(bank, parts, seed=1)] == ["single"] * 2 + ["true_false"] + [
        "shared_stem"
    ] * 2


def test_units_are_counted_by_kind() -> None:
    shared_options = make_bank(0, [3, 3], kind=GroupKind.SHARED_OPTIONS)
    assert count_units(make_bank(4, [2])) == {"single": 4, "shared_stem": 1}
    assert count_units(shared_options) == {"shared_options": 2}


def test_every_question_type_can_be_drawn() -> None:
    assert set(KINDS) == {*QuestionType, *GroupKind}


def test_all_that_is_too_few_is_said_at_once() -> None:
    with pytest.raises(NotAllowed, match="单选题要 3，题库只有 2；判断题要 1，题库只有 0"):
        draw(make_bank(2, []), [Part("single", 3, ONE), Part("true_false", 1, ONE)], seed=1)


def test_exactly_as_many_as_the_bank_has_can_be_drawn() -> None:
    assert len(draw(make_bank(2, []), [Part("single", 2, ONE)], seed=1)) == 2


def test_a_kind_twice_or_no_kind_at_all_is_refused() -> None:
    with pytest.raises(NotAllowed, match="单选题写了不止一次"):
        draw(make_bank(4, []), [Part("single", 1, ONE), Part("single", 1, ONE)], seed=1)
    with pytest.raises(NotAllowed, match="没有写任何组卷要求"):
        draw(make_bank(4, []), [], seed=1)


def build(store: Store, now: datetime, *, seed: int = 7) -> Paper:
    with store.writing() as session:
        bank = session.get(banks.Bank, 1) or add_bank(
            session, [Question(QuestionType.SINGLE, f"虚构题{n}", OPTIONS, (("A",),)) for n in range(12)]
        )
        return service.build_paper(
            session,
            bank,
            [Part("single", 5, Decimal("1.5"))],
            title="虚构卷",
            seed=seed,
            now=now,
            actor="engineer",
        )


def test_a_paper_keeps_its_blueprint_and_seed_and_can_be_drawn_again(store: Store, now: datetime) -> None:
    first, second = build(store, now), build(store, now)
    assert (first.ref, second.ref) == ("PAP-2026-0001", "PAP-2026-0002")
    with store.reading() as session:
        kept = queries.get_paper(session, first.ref)
        assert (kept.seed, kept.points, kept.made_by, kept.made_at) == (7, Decimal("7.5"), "engineer", now)
        assert kept.blueprint == [{"kind": "single", "count": 5, "points": "1.5"}]
        assert queries.load_items(session, first.id) == queries.load_items(session, second.id)
        assert [(paper.ref, bank, items) for paper, bank, items in queries.list_papers(session)] == [
            (second.ref, "虚构题库", 5),
            (first.ref, "虚构题库", 5),
        ]
        with pytest.raises(NotFound, match="没有试卷 PAP-2026-0404"):
            queries.get_paper(session, "PAP-2026-0404")


def test_a_paper_shows_its_questions_as_they_were_when_drawn(sqlite_store: Store, now: datetime) -> None:
    paper = build(sqlite_store, now)
    with sqlite_store.reading() as session:
        before = queries.load_items(session, paper.id)
    with sqlite_store.writing() as session:
        for question in session.exec(select(banks.Question)):
            add_revision(session, question.id, TRUE_FALSE, revision=2)
            question.revision = 2
            session.add(question)
    with sqlite_store.reading() as session:
        assert queries.load_items(session, paper.id) == before


def test_retired_questions_are_not_drawn(sqlite_store: Store, now: datetime) -> None:
    build(sqlite_store, now)
    with sqlite_store.writing() as session:
        for question in session.exec(select(banks.Question).where(banks.Question.id > 4)):
            question.retired_at = now
            session.add(question)
    with pytest.raises(NotAllowed, match="单选题要 5，题库只有 4"):
        build(sqlite_store, now)


def test_the_first_and_the_last_seed_can_be_kept_and_none_beyond(store: Store, now: datetime) -> None:
    for seed in (0, 2**31 - 1):
        assert build(store, now, seed=seed).seed == seed
    for seed in (-1, 2**31):
        with pytest.raises(UsageError, match="随机种子"):
            build(store, now, seed=seed)
    with store.reading() as session:
        assert len(queries.list_papers(session)) == 2


@pytest.mark.parametrize(("minutes", "is_possible"), [(-1, False), (0, False), (1, True)])
def test_an_exam_ends_after_it_begins(
    sqlite_store: Store, now: datetime, minutes: int, is_possible: bool
) -> None:
    paper = build(sqlite_store, now)

    def schedule() -> Exam:
        with sqlite_store.writing() as session:
            return service.schedule_exam(
                session,
                paper,
                add_programme(session),
                title="虚构考试",
                opens_at=now,
                closes_at=now + timedelta(minutes=minutes),
                minutes_allowed=60,
                pass_percent=Decimal(60),
                now=MADE_AT,
            )

    if is_possible:
        assert schedule().ref == "EXM-2026-0001"
    else:
        with pytest.raises(UsageError, match="结束时刻不晚于开始时刻"):
            schedule()


def test_exams_are_listed_by_when_they_open(store: Store, now: datetime) -> None:
    paper = build(store, now)
    with store.writing() as session:
        programme = add_programme(session)
        for hours in (0, 1, 2):
            service.schedule_exam(
                session,
                paper,
                programme,
                title=f"虚构考试{hours}",
                opens_at=now + timedelta(hours=hours),
                closes_at=now + timedelta(hours=hours + 1),
                minutes_allowed=60,
                pass_percent=Decimal("59.5"),
                now=now,
            )
    with store.reading() as session:
        found = queries.list_exams(session, from_at=now + timedelta(hours=1), to_at=now + timedelta(hours=2))
        assert [(exam.title, programme, ref) for exam, programme, ref in found] == [
            ("虚构考试1", "虚构培训", paper.ref)
        ]
        assert queries.get_exam(session, "EXM-2026-0003").pass_percent == Decimal("59.50")
        with pytest.raises(NotFound, match="没有考试 EXM-2026-0404"):
            queries.get_exam(session, "EXM-2026-0404")
