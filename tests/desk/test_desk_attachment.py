"""Files of tickets: kept once by content, handed out as they came in; everything is invented (虚构)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from eduops.core.errors import Conflict, InputError, NotFound
from eduops.desk import queries
from eduops.desk.service import attachment as service
from eduops.desk.service import ticket as tickets

NOW = datetime(2026, 3, 5, 3, 50, tzinfo=UTC)


@pytest.fixture
def session(store):
    with store.writing() as opened:
        for _ in range(2):
            new = tickets.NewTicket("incident", "虚构")
            tickets.open_ticket(opened, new, at=NOW, now=NOW, actor="值班", zone=ZoneInfo("Asia/Shanghai"))
        yield opened


@pytest.fixture
def keep(session, tmp_path):
    def keep(ref, content, name="截图.png"):
        source = tmp_path / "source"
        source.write_bytes(content)
        return service.attach(session, tmp_path / "kept", ref, source, name=name, now=NOW, actor="值班")

    return keep


def kept_files(tmp_path):
    return [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]


def test_content_lies_under_its_hash_and_comes_back_as_it_was(session, keep, tmp_path):
    made, is_new = keep("INC-2026-0001", b"\x00\xff" * 500)
    (place,) = kept_files(tmp_path)
    assert is_new
    assert (place.name, place.parent.name, made.size_bytes) == (made.sha256, made.sha256[:2], 1000)
    service.hand_out(session, tmp_path / "kept", "INC-2026-0001", "截图.png", target=tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == b"\x00\xff" * 500


def test_same_content_is_kept_once(session, keep, tmp_path):
    keep("INC-2026-0001", b"a")
    keep("INC-2026-0002", b"a", name="别名.png")
    assert keep("INC-2026-0001", b"a")[1] is False
    assert len(kept_files(tmp_path)) == 1
    ticket = queries.get_ticket(session, "INC-2026-0001")
    assert [each.step for each in queries.list_events(session, ticket)] == ["open", "attach"]


def test_name_is_not_given_to_another_content_and_the_refusal_leaves_no_file(keep, tmp_path):
    made, _ = keep("INC-2026-0001", b"a")
    with pytest.raises(Conflict, match="内容不同"):
        keep("INC-2026-0001", b"b")
    with pytest.raises(NotFound):
        keep("INC-2026-0404", b"c")
    assert [path.name for path in kept_files(tmp_path)] == [made.sha256]


def test_folder_is_refused_as_a_folder(session, tmp_path):
    with pytest.raises(InputError, match="是文件夹，不是文件"):
        service.attach(session, tmp_path / "kept", "INC-2026-0001", tmp_path, now=NOW, actor="值班")


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "a\nb", "长" * 256])
def test_name_that_would_leave_its_place_is_refused(keep, name):
    with pytest.raises(InputError, match="不能用"):
        keep("INC-2026-0001", b"a", name=name)


def test_damaged_content_is_not_handed_out(session, keep, tmp_path):
    keep("INC-2026-0001", b"a")
    kept_files(tmp_path)[0].write_bytes(b"b")
    with pytest.raises(NotFound, match="已损坏"):
        service.hand_out(session, tmp_path / "kept", "INC-2026-0001", "截图.png", target=tmp_path / "out.png")
    with pytest.raises(NotFound, match="没有附件"):
        service.hand_out(session, tmp_path / "kept", "INC-2026-0002", "截图.png", target=tmp_path / "out.png")


def test_file_that_is_not_there_is_refused(session, tmp_path):
    with pytest.raises(InputError, match="没有文件"):
        service.attach(session, tmp_path, "INC-2026-0001", tmp_path / "无", now=NOW, actor="值班")
