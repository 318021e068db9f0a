"""The text of JSON columns is what json itself would write, however it is made."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.store.column import dump_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES | st.lists(st.text(), max_size=6) | st.lists(st.text(), max_size=6).map(tuple))
def test_text_is_what_json_writes_and_reads_back(value: object) -> None:
    written = dump_json(value)
    assert written == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert json.loads(written) == json.loads(json.dumps(value))


@pytest.mark.parametrize("half", ["\ud800", "甲\udfff"])
def test_half_of_a_pair_is_written_as_an_escape(half: str) -> None:
    assert dump_json([half]) == json.dumps([half])
    dump_json([half]).encode()
