"""Dictionaries: registered, a version taken in from a workbook, brought to a system."""

from datetime import datetime

from sqlmodel import Session

from eduops.asset.models import Dictionary, DictionaryEntry, DictionarySync, DictionaryVersion
from eduops.asset.queries import dictionary as queries
from eduops.asset.rules.dictionary import Difference, find_difference, hash_entries
from eduops.asset.rules.dictionary_sheet import DictionarySheet
from eduops.asset.rules.text import CODE_HINT, is_code, list_text_slips, tidy
from eduops.core.errors import Conflict, InputError
from eduops.store.bulk import insert_rows


def add_dictionary(session: Session, code: str, name: str, owner: str, *, now: datetime) -> Dictionary:
    """A new dictionary without versions. Raises InputError for what cannot be, Conflict for a taken code."""
    texts = {"名称": tidy(name), "主管部门": tidy(owner)}
    slips = [slip.message for said, text in texts.items() for slip in list_text_slips(said, said, text)]
    if not is_code(code):
        slips.append(f"字典代码「{code[:60]}」不能用；{CODE_HINT}")
    if not texts["名称"]:
        slips.append("缺少名称")
    if slips:
        raise InputError("；".join(slips), hint="改正后重试")
    if queries.find_dictionary(session, code) is not None:
        raise Conflict(f"字典代码 {code} 已经用过", hint=f"换一个代码，或运行 eduops dictionary show {code}")
    made = Dictionary(code=code, name=texts["名称"], owner=texts["主管部门"], added_at=now)
    session.add(made)
    session.flush()
    return made


def import_version(
    session: Session,
    dictionary: Dictionary,
    sheet: DictionarySheet,
    *,
    file: str,
    label: str = "",
    source: str = "",
    now: datetime,
    actor: str,
) -> tuple[DictionaryVersion, Difference | None]:
    """The new version and how it differs from the one before; the newest version and None for the same content.

    Raises InputError with everything that is wrong, and nothing is written.
    """
    _require_sound(sheet, file, label, source)
    versions = queries.list_versions(session, dictionary)
    found = hash_entries(sheet.entries)
    if versions and versions[-1].entries_hash == found:
        return versions[-1], None
    version = DictionaryVersion(
        dictionary_id=dictionary.id, number=len(versions) + 1, label=tidy(label), source=tidy(source) or file,
        entry_count=len(sheet.entries), entries_hash=found, imported_at=now, actor=actor,
    )  # fmt: skip
    before = queries.load_entries(session, versions[-1]) if versions else []
    session.add(version)
    session.flush()
    rows = (
        {
            "version_id": version.id, "code": each.code, "name": each.name, "parent_code": each.parent_code,
            "extra": dict(each.extra),
        }
        for each in sheet.entries
    )  # fmt: skip
    insert_rows(session, DictionaryEntry, rows)
    return version, find_difference(before, sheet.entries)


def record_sync(
    session: Session,
    version: DictionaryVersion,
    system: str,
    *,
    at: datetime,
    is_done: bool,
    note: str,
    now: datetime,
    actor: str,
) -> DictionarySync:
    """That a version was brought to a system, or was not. Raises InputError for a name that cannot be kept."""
    slips = [
        *list_text_slips("system", "系统名称", tidy(system)),
        *list_text_slips("note", "备注", tidy(note)),
    ]
    if slips or not tidy(system):
        said = "；".join(slip.message for slip in slips) or "缺少系统名称"
        raise InputError(said, hint="用 --system 写业务系统的名称")
    made = DictionarySync(
        version_id=version.id, system=tidy(system), synced_at=at, is_done=is_done, note=tidy(note), actor=actor,
        recorded_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _require_sound(sheet: DictionarySheet, file: str, label: str, source: str) -> None:
    if sheet.problems:
        raise InputError(
            f"{file} 有 {len(sheet.problems)} 处错误，没有导入",
            hint="改正后再导入一次",
            problems=sorted(sheet.problems, key=lambda each: each.line or 0),
        )
    if not sheet.entries:
        raise InputError(f"{file} 的表头下面没有内容", hint="给出至少有一个条目的文件")
    slips = [*list_text_slips("label", "版本名", label), *list_text_slips("source", "来源", source)]
    if slips:
        raise InputError("；".join(slip.message for slip in slips), hint="改短，或去掉控制字符")
