"""What the figures of named things mean: certificates, addresses, logs, backups, configuration files."""

import math
from collections.abc import Iterator
from datetime import datetime

from eduops.patrol.rules.check import Check, State, build_check, judge_alarm, judge_value
from eduops.patrol.rules.host_check import judge_row
from eduops.patrol.rules.reading import Data, read_flag, read_instant, read_number, read_rows, read_text
from eduops.patrol.rules.threshold import Thresholds

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_FIRST_ERROR_STATUS = 400
_FINGERPRINT = 12


def judge_certificates(data: Data, limits: Thresholds, at: datetime) -> Iterator[Check]:
    """Whole days until the first certificate of each chain ends; an expired one is critical whatever the limits."""
    for source, row in _list_rows(data, "certificates", "source"):
        until = read_instant(row, "chain_not_after")
        silent = judge_row("certificate_days", source, row)
        if silent is not None or until is None:
            yield silent or build_check(
                "certificate_days", source, State.CANNOT_TELL, f"{source} 的到期时刻无法识别"
            )
        elif until <= at:
            yield build_check(
                "certificate_days", source, State.CRITICAL, f"{source} 的证书已于 {until:%Y-%m-%d} 过期"
            )
        else:
            days = float(math.floor((until - at).total_seconds() / _DAY_SECONDS))
            title = f"证书有效期（至 {until:%Y-%m-%d}）剩余"
            yield judge_value(
                "certificate_days", source, days, limits.certificate_days, title=title, unit=" 天"
            )


def judge_urls(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each address: its status, its text where one is asked for, its time."""
    for name, row in _list_rows(data, "urls", "name"):
        if (silent := judge_row("url_status", name, row)) is not None:
            yield silent
            continue
        status = read_number(row, "http_status", low=100, high=599)
        is_fine = None if status is None else status < _FIRST_ERROR_STATUS
        bad = f"返回错误状态 {status:g}" if status is not None else ""
        yield judge_alarm("url_status", name, is_fine, good="可以访问", bad=bad)
        if row.get("text_found", "") is not None:
            found = read_flag(row, "text_found")
            yield judge_alarm("url_text", name, found, good="页面内容正确", bad="页面中没有应有的文字")
        seconds = read_number(row, "seconds")
        yield judge_value("url_seconds", name, seconds, limits.url_seconds, title="响应时间", unit=" 秒")


def judge_logs(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each log: how often its patterns occurred since the last patrol, and whether all of it was read."""
    for path, row in _list_rows(data, "logs", "path"):
        if (silent := judge_row("log_complete", path, row)) is not None:
            yield silent
            continue
        yield _judge_reading(path, row)
        matches = read_rows(row, "matches")
        if matches is None:
            yield build_check("log_matches", path, State.CANNOT_TELL, f"{path} 的匹配结果无法识别")
        for match in matches or ():
            item = f"{path} {read_text(match, 'name')}"
            count = read_number(match, "count")
            yield judge_value("log_matches", item, count, limits.log_matches, title="新增匹配", unit=" 行")


def _judge_reading(path: str, row: Data) -> Check:
    match read_flag(row, "has_gap"), read_flag(row, "is_behind"):
        case False, False:
            return build_check("log_complete", path, State.NORMAL, f"{path} 的新增内容已读完")
        case True, _:
            return build_check(
                "log_complete", path, State.CANNOT_TELL, f"{path} 有一段已被轮转删除，没有读到"
            )
        case _, True:
            return build_check(
                "log_complete", path, State.CANNOT_TELL, f"{path} 新增太多，没有读完，下次接着读"
            )
        case _:
            return build_check("log_complete", path, State.CANNOT_TELL, f"{path} 的读取情况无法识别")


def judge_backups(data: Data, limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """Each backup folder: how old its newest file is, and that it is not empty."""
    for name, row in _list_rows(data, "backups", "name"):
        if (silent := judge_row("backup_age_hours", name, row)) is not None:
            yield silent
            continue
        age_seconds = read_number(row, "age_seconds")
        hours = None if age_seconds is None else round(age_seconds / _HOUR_SECONDS, 1)
        yield judge_value(
            "backup_age_hours", name, hours, limits.backup_age_hours, title="最新备份距今", unit=" 小时"
        )
        newest = read_rows(row, "newest")
        size = read_number(newest[0], "size_bytes") if newest else None
        filled = None if size is None else size > 0
        yield judge_alarm("backup_filled", name, filled, good="最新备份不是空文件", bad="最新备份是空文件")


def judge_configuration(data: Data, _limits: Thresholds, _at: datetime) -> Iterator[Check]:
    """That each file is there and has a fingerprint; whether it changed is told by the baseline."""
    for path, row in _list_rows(data, "files", "path"):
        silent = judge_row("configuration_file", path, row)
        fingerprint = read_text(row, "sha256")
        told = State.NORMAL if fingerprint else State.CANNOT_TELL
        text = f"{path} 指纹 {fingerprint[:_FINGERPRINT]}" if fingerprint else f"{path} 的指纹无法识别"
        yield silent or build_check("configuration_file", path, told, text)


def _list_rows(data: Data, key: str, label: str) -> Iterator[tuple[str, Data]]:
    """Rows with their names; a list that is none gives one row that nobody can tell anything from."""
    rows = read_rows(data, key)
    if rows is None:
        yield "结果列表", {}
    for row in rows or ():
        yield read_text(row, label) or "（无名）", row
