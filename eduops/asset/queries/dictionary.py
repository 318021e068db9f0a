"""What we ask about dictionaries, their versions and where these were brought."""

from sqlmodel import Session, col, select

from eduops.asset.models import Dictionary, DictionaryEntry, DictionarySync, DictionaryVersion
from eduops.asset.rules.dictionary import Entry, Sync
from eduops.core.errors import NotFound


def find_dictionary(session: Session, code: str) -> Dictionary | None:
    """The dictionary of this code."""
    return session.exec(select(Dictionary).where(Dictionary.code == code)).first()


def get_dictionary(session: Session, code: str) -> Dictionary:
    """The dictionary of this code. Raises NotFound."""
    found = find_dictionary(session, code)
    if found is None:
        how = "运行 eduops dictionary list 查看，或用 eduops dictionary add 登记"
        raise NotFound(f"没有代码为 {code} 的字典", hint=how)
    return found


def list_dictionaries(session: Session) -> list[Dictionary]:
    """Every dictionary by code."""
    return list(session.exec(select(Dictionary).order_by(Dictionary.code)))


def list_versions(session: Session, dictionary: Dictionary) -> list[DictionaryVersion]:
    """The versions of a dictionary, the first one first."""
    query = select(DictionaryVersion).where(DictionaryVersion.dictionary_id == dictionary.id)
    return list(session.exec(query.order_by(col(DictionaryVersion.number))))


def get_version(session: Session, dictionary: Dictionary, number: int | None) -> DictionaryVersion:
    """The version of a number, or the newest. Raises NotFound."""
    versions = {each.number: each for each in list_versions(session, dictionary)}
    if not versions:
        how = f"运行 eduops dictionary import {dictionary.code} 文件"
        raise NotFound(f"字典 {dictionary.code} 还没有导入过版本", hint=how)
    found = versions.get(max(versions) if number is None else number)
    if found is None:
        said = f"字典 {dictionary.code} 没有第 {number} 版"
        raise NotFound(
            said, hint=f"有第 1 到 {max(versions)} 版；运行 eduops dictionary show {dictionary.code}"
        )
    return found


def load_entries(session: Session, version: DictionaryVersion) -> list[Entry]:
    """The entries of a version by code."""
    rows = session.exec(
        select(DictionaryEntry.code, DictionaryEntry.name, DictionaryEntry.parent_code, DictionaryEntry.extra)
        .where(DictionaryEntry.version_id == version.id)
        .order_by(DictionaryEntry.code)
    )
    # The database may sort otherwise.
    return sorted((Entry(*row) for row in rows), key=lambda each: each.code)


def list_syncs(session: Session, dictionary: Dictionary) -> list[Sync]:
    """Every time a version was brought to a system, or was not, in the order of recording."""
    rows = session.exec(
        select(DictionarySync, DictionaryVersion.number)
        .join(DictionaryVersion, col(DictionarySync.version_id) == col(DictionaryVersion.id))
        .where(DictionaryVersion.dictionary_id == dictionary.id)
        .order_by(col(DictionarySync.id))
    )
    return [Sync(number, row.system, row.synced_at, row.is_done, row.note) for row, number in rows]
