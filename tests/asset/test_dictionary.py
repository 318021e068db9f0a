"""The customer's dictionaries: versions, differences, where each was brought."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eduops.asset.queries import dictionary as queries
from eduops.asset.rules.dictionary import Entry, Sync, find_difference, hash_entries, list_standings
from eduops.asset.rules.dictionary_sheet import DictionarySheet, read_dictionary
from eduops.asset.service import dictionary as service
from eduops.core.errors import Conflict, InputError, NotFound
from eduops.sheet.read import read_workbook

ENTRIES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(
        st.sampled_from(["甲", "乙"]),
        st.sampled_from(["", "a"]),
        st.dictionaries(st.just("备注"), st.just("x")),
    ),
).map(lambda found: [Entry(code, *rest) for code, rest in found.items()])


def read(path: Path, text: str) -> DictionarySheet:
    file = path / "字典.csv"
    file.write_text(text, encoding="utf-8")
    sheet = read_dictionary(read_workbook(file))
    assert sheet is not None
    return sheet


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ENTRIES, ENTRIES)
def test_a_difference_is_empty_for_equal_hashes_only_and_adds_up(
    before: list[Entry], after: list[Entry]
) -> None:
    found = find_difference(before, after)
    assert found.is_empty == (hash_entries(before) == hash_entries(after))
    assert len(after) - len(before) == len(found.added) - len(found.removed)
    back = find_difference(after, before)
    assert (back.added, back.removed) == (found.removed, found.added)
    assert [(each.after, each.before) for each in back.renamed] == [
        (each.before, each.after) for each in found.renamed
    ]


def test_the_same_content_in_another_order_is_no_new_version(store, now, tmp_path) -> None:
    texts = ("编码,名称,上级,备注\n001,内科,,a\n00101,心内科,001,\n",
             "名称,编码,备注,上级\n心内科,00101,,001\n内科,001,a,\n",
             "编码,名称,上级,备注\n001,大内科,,a\n00101,心内科,,\n002,外科,,\n")  # fmt: skip
    with store.writing() as session:
        found = service.add_dictionary(session, "dept", "科室", "医务科", now=now)
        made = [
            service.import_version(session, found, read(tmp_path, text), file="字典.csv", now=now, actor="甲")
            for text in texts
        ]
        assert [(version.number, difference is None) for version, difference in made] == [
            (1, False),
            (1, True),
            (2, False),
        ]
        kept = queries.load_entries(session, queries.get_version(session, found, 1))
        assert kept == [Entry("001", "内科", "", {"备注": "a"}), Entry("00101", "心内科", "001", {})]
        last = made[-1][1]
        assert last is not None
        assert ([each.code for each in last.added], [each.code for each in last.renamed]) == (
            ["002"],
            ["001"],
        )
        assert [(each.before, each.after) for each in last.moved] == [("001", "")]
        with pytest.raises(NotFound, match="没有第 3 版"):
            queries.get_version(session, found, 3)
        with pytest.raises(Conflict):
            service.add_dictionary(session, "dept", "又一部", "", now=now)


def test_usual_headings_are_found_and_other_columns_are_kept(tmp_path) -> None:
    sheet = read(tmp_path, "序号,科室编码,科室名称,上级科室编码,备注\n1,007,内科,0,=1+1\n")
    assert sheet.entries == (Entry("007", "内科", "", {"序号": "1", "备注": "=1+1"}),)
    assert (sheet.problems, sheet.columns["code"]) == ((), "科室编码")


def test_everything_wrong_in_a_dictionary_is_said_with_its_cell(sqlite_store, now, tmp_path) -> None:
    sheet = read(
        tmp_path,
        "编码,名称,上级\n1,甲,2\n2,乙,1\n1,重,\n,无码,\n4,,\n1.2E+17,长,\n7,\x1b[31m红,\n8,孤,99\n".replace(
            "\x1b", "\u202e"
        ),
    )
    said = "\n".join(map(str, sheet.problems))
    for words in ("字典!A4：编码 1 与第 2 行重复", "字典!A5：缺少编码", "字典!B6：缺少名称", "字典!A7：是很长的数字",
                  "字典!B8：这一格里有控制字符", "上级绕成了圈：1 → 2 → 1"):  # fmt: skip
        assert words in said, words
    assert sheet.orphans == (("8", "99"),)
    with sqlite_store.writing() as session:
        found = service.add_dictionary(session, "x", "字典", "", now=now)
        with pytest.raises(InputError, match="没有导入"):
            service.import_version(session, found, sheet, file="字典.csv", now=now, actor="甲")
        assert queries.list_versions(session, found) == []


def test_two_columns_that_may_both_be_the_code_are_asked_about(tmp_path) -> None:
    assert "几列都像编码：科室编码、医保编码" in str(
        read(tmp_path, "科室编码,医保编码,名称\n1,2,甲\n").problems[0]
    )
    assert read(tmp_path, "编码,医保编码,名称\n1,2,甲\n").entries == (
        Entry("1", "甲", "", {"医保编码": "2"}),
    )


def test_a_system_stands_where_it_was_last_brought_and_is_behind_by_the_newer_versions(now) -> None:
    def at(hours: int, version: int, system: str, *, is_done: bool = True) -> Sync:
        return Sync(version, system, now + timedelta(hours=hours), is_done, "")

    syncs = [
        at(1, 1, "HIS"),
        at(2, 3, "HIS", is_done=False),
        at(3, 3, "LIS"),
        at(0, 2, "LIS"),
        at(4, 1, "人事", is_done=False),
    ]
    found = {
        each.system: (each.version, each.behind, each.failed_at is not None)
        for each in list_standings(syncs, 3)
    }
    assert found == {"HIS": (1, 2, True), "LIS": (3, 0, False), "人事": (None, 3, True)}
