"""Which documents are trusted, and how the others are refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patrol.healthy_document import GOLDEN, build_healthy, sign

from eduops.core.errors import InputError
from eduops.patrol.rules.document import (
    LARGEST_BYTES,
    _clean,
    _is_clean,
    check_not_future,
    parse_document,
    parse_stored,
)

GOOD = GOLDEN.read_bytes()


def test_golden_document_stays_readable():
    document = parse_document(GOOD)
    assert document.host.hostname == "演示主机-应用01（虚构）"
    assert document.measured_at == datetime(2026, 3, 5, 3, 50, tzinfo=UTC)
    assert document.finished_at > document.measured_at


def test_byte_order_mark_and_other_spacing_change_nothing():
    compact = json.dumps(json.loads(GOOD), ensure_ascii=False)
    assert parse_document(b"\xef\xbb\xbf" + compact.encode()) == parse_document(GOOD)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "是空的"),
        (b" \r\n", "是空的"),
        (GOOD[: len(GOOD) // 2], "截断"),
        (GOOD[:-3], "截断"),
        (b"[" * 200_000, "层次过深|截断"),
        (b'{"schema": NaN}', "截断"),
        (GOOD + b"\xff\xfe", "不是 UTF-8"),
        (b"[]", "不是 eduops-agent 的输出"),
        (b'{"a": 1}', "不是 eduops-agent 的输出"),
        (b'{"schema": "1"}', "无法识别"),
        (b'{"schema": true}', "无法识别"),
        (b'{"schema": 0}', "无法识别"),
        (b'{"schema": 1}', "校验和"),
        (b'{"schema": 1, "checksum": 1e999}', "校验和"),
        (b'{"schema": 1, "x": 1e999}', "超出范围"),
        (GOOD.replace(b'"used_percent": 75.0', b'"used_percent": 15.0'), "校验和"),
        (b" " * (LARGEST_BYTES + 1), "超过上限"),
    ],
)
def test_document_that_cannot_be_trusted_is_refused_with_the_reason(content, reason):
    with pytest.raises(InputError, match=reason) as caught:
        parse_document(content)
    assert caught.value.hint


def test_document_of_ten_megabytes_is_refused_before_it_is_looked_into():
    document = build_healthy()
    document["probes"][0]["data"]["packages"] = [
        {"name": f"p{n}", "version": "1" * 90} for n in range(95_000)
    ]
    content = sign(document)
    assert len(content) > 10_000_000
    with pytest.raises(InputError, match="超过上限 2000000"):
        parse_document(content)


@pytest.mark.parametrize("path", sorted(GOLDEN.parent.glob("*.json")), ids=lambda path: path.stem)
def test_every_golden_document_stays_readable_wherever_it_is_cut_refused(path):
    content = path.read_bytes()
    assert parse_document(content).probes
    for length in range(0, len(content) - 2, 97):
        with pytest.raises(InputError):
            parse_document(content[:length])


def test_document_as_large_as_allowed_is_read():
    document = build_healthy()
    content = sign(document)
    assert parse_document(content + b" " * (LARGEST_BYTES - len(content)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": 2}, "比本程序认识的 1 新"),
        ({"measured_at": "1970-01-01T00:00:12.000Z"}, "1970-01-01"),
        ({"measured_at": "2024-12-31T23:59:59.999Z"}, "时钟不对"),
        ({"measured_at": "2026-03-05T03:50:00"}, "写法不对"),
        ({"measured_at": "yesterday"}, "写法不对"),
        ({"measured_at": 1772682600}, "写法不对"),
        ({"measured_at": 1772682600.5}, "写法不对"),
        ({"measured_at": "1772682600"}, "写法不对"),
        ({"measured_at": "2026-03-05"}, "写法不对"),
        ({"measured_at": "2026-03-05T03:50:00+00:00"}, "写法不对"),
        ({"measured_at": "２０２６-03-05T03:50:00.000Z"}, "写法不对"),
        ({"measured_at": True}, "写法不对"),
        ({"measured_at": None}, "写法不对"),
        ({"probes": {}}, "写法不对"),
        ({"probes": [{"name": "cpu", "status": "fine"}]}, "写法不对"),
        ({"probes": [{"name": "cpu", "status": "ok"}] * 2}, "写法不对"),
        ({"host": {}}, "写法不对"),
        ({"host": None}, "写法不对"),
    ],
)
def test_signed_document_with_impossible_content_is_refused(change, reason):
    with pytest.raises(InputError, match=reason):
        parse_document(sign({**build_healthy(), **change}))


def test_first_instant_of_a_sane_clock_is_accepted():
    assert parse_document(sign({**build_healthy(), "measured_at": "2025-01-01T00:00:00.000Z"}))


def test_document_may_run_ten_minutes_ahead_and_not_a_second_more():
    document = parse_document(GOOD)
    check_not_future(document, now=document.measured_at - timedelta(minutes=10))
    with pytest.raises(InputError, match="晚于现在"):
        check_not_future(document, now=document.measured_at - timedelta(minutes=10, seconds=1))


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x07", "\x08", "\x0b", "\r", "\x7f", "\x85", "\x9b"])
@pytest.mark.parametrize("is_escaped", [True, False])
def test_what_a_terminal_would_obey_is_refused_wherever_it_stands_and_the_place_is_said(
    character, is_escaped
):
    said = f"app{character}[2J"
    for place in ("data.top_cpu.0.name", "reason", "data.（键名）"):
        document = build_healthy()
        section = next(each for each in document["probes"] if each["name"] == "processes")
        match place:
            case "reason":
                section["reason"] = said
            case "data.（键名）":
                section["data"][said] = 1
            case _:
                section["data"]["top_cpu"][0]["name"] = said
        content = sign(document)
        if not is_escaped and character >= "\x7f":
            content = json.dumps(json.loads(content), ensure_ascii=False).encode()
        with pytest.raises(InputError) as caught:
            parse_document(content)
        assert f"probes.processes.{place} 里有控制字符 U+{ord(character):04X}" in caught.value.message
        assert caught.value.message.isprintable()


def test_a_place_that_is_named_by_the_document_is_shown_without_what_a_terminal_would_obey():
    document = build_healthy()
    document["probes"].append(
        {"name": "\x1b[2J", "status": "ok", "reason": "\x1b", "data": {"\x1b]0;x\x07": "\x1b"}}
    )
    with pytest.raises(InputError, match="控制字符") as caught:
        parse_document(sign(document))
    assert caught.value.message.isprintable()


def test_tabs_and_line_ends_inside_a_text_pass_and_what_nobody_can_see_is_replaced():
    document = build_healthy()
    document["probes"][0]["reason"] = "app\t1\n2\u202e\ud800"
    assert parse_document(sign(document)).probes[0].reason == "app 1 2\ufffd\ufffd"


def test_a_stored_document_of_the_days_before_is_still_read():
    document = build_healthy()
    document["probes"][0]["reason"] = "app\x1b[2J"
    assert parse_stored(sign(document), source="存档").probes[0].reason == "app\ufffd[2J"


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"])
def test_instant_at_the_ends_of_the_calendar_is_refused(instant):
    document = build_healthy()
    document["measured_at"] = instant
    with pytest.raises(InputError, match="时钟不对"):
        parse_document(sign(document))


@pytest.mark.parametrize("place", ["hostname", "agent_version", "probe"])
def test_what_says_whose_document_it_is_must_be_plain(place):
    document = build_healthy()
    holder, key = {
        "hostname": (document["host"], "hostname"),
        "agent_version": (document, "agent_version"),
        "probe": (document["probes"][0], "name"),
    }[place]
    holder[key] = "app\u202e"
    with pytest.raises(InputError, match="不可见字符"):
        parse_document(sign(document))


def test_unknown_keys_of_a_newer_agent_pass():
    document = build_healthy()
    document["colour"] = "green"
    document["probes"].append({"name": "gpu", "status": "ok", "reason": "", "data": {"count": 1}})
    assert parse_document(sign(document))


@given(st.text(st.sampled_from('\\"/nu0007\n\x07\u3000\u202e虚'), max_size=12) | st.text(max_size=40))
def test_quick_look_for_hostile_characters_is_never_wrong(said):
    written = json.dumps([said])
    assert not _is_clean(written.encode(), written) or _clean(said) == said


def test_chinese_text_passes_the_quick_look_and_no_character_that_must_go_does():
    said = json.dumps("巡检代理没有给出结果（退出码 3）：《虚构》？" + ' \\ "', indent=1)
    assert _is_clean(said.encode(), said)
    for character in map(chr, range(0x10000)):
        written = json.dumps(character)
        assert not _is_clean(written.encode(), written) or _clean(character) == character
    assert not _is_clean(b'"\xe2\x80\xae"', '"\u202e"')
