"""What kept backups look like on the screen: lists, standings, one backup with its history, copies, retention."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from eduops.backup.queries import Run
from eduops.backup.queries.standing import Record
from eduops.backup.rules.standing import WORDS, State, age_hours
from eduops.cli import out
from eduops.cli.backup_screen import STATES as _STATES
from eduops.cli.backup_screen import describe
from eduops.workflow.backup_copy import Outcome, Waiting
from eduops.workflow.backup_prune import Removed, Verdict
from eduops.workflow.backup_standing import SourceStanding

STATES = {**_STATES, "removing": "正在删除"}
_STYLES = {State.FINE: "green", State.BAD: "red", State.CANNOT_TELL: "yellow"}
_PASSED = {True: "通过", False: "没有通过", None: "—"}

RUN_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("kind_text", "类别"),
    out.Column("source", "来源", spare=True),
    out.Column("at", "时刻"),
    out.Column("age_hours", "距今（小时）", right=True),
    out.Column("good_text", "结果"),
    out.Column("result", "说明"),
    out.Column("checked_text", "最近校验", spare=True),
    out.Column("drilled_text", "最近演练", spare=True),
    out.Column("copies_text", "异地副本", spare=True),
)
STANDING_COLUMNS = (
    out.Column("source", "来源"),
    out.Column("state_text", "判断", style_key="state_style"),
    out.Column("newest", "最近一份好的"),
    out.Column("age_text", "距今 / 限（小时）", right=True),
    out.Column("drilled_text", "最近演练"),
    out.Column("backups", "好的份数", right=True, spare=True),
    out.Column("reasons_text", "说明", spare=True),
)
COPY_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("source", "来源"),
    out.Column("place", "异地存放处"),
    out.Column("result", "结果", style_key="style"),
    out.Column("fault", "说明"),
)
VERDICT_COLUMNS = (
    out.Column("ref", "编号"),
    out.Column("source", "来源"),
    out.Column("place", "存放处"),
    out.Column("at", "时刻"),
    out.Column("decision_text", "处理", style_key="style"),
    out.Column("reasons_text", "为什么"),
)
RECORD_HEADS = {
    "ref": "编号", "source": "来源", "engine": "引擎", "origin": "位置", "store": "存放处", "path": "在存放处的名称",
    "encryption_text": "加密", "state_text": "状态", "fault": "失败原因", "started_at": "开始", "finished_at": "结束",
    "seconds": "用时（秒）", "size_bytes": "占用（字节）", "source_bytes": "来源（字节）", "sha256": "清单 SHA-256",
    "holds": "内容", "sentinel_text": "哨兵", "verified_at": "最近校验通过", "actor": "操作人",
    "removed_at": "删除时刻", "removed_because": "删除原因",
}  # fmt: skip
_ENCRYPTIONS = {"none": "不加密", "age": "age", "restic": "restic 仓库自己加密"}


def run_rows(
    runs: Sequence[Run],
    records: Sequence[Record],
    standings: Sequence[SourceStanding],
    *,
    kinds: Mapping[str, str],
    now: datetime,
) -> list[dict[str, object]]:
    """Backups and drills as lines; of the sources of `records` alone."""
    of_backup = {record.backup.ref: record for record in records}
    drills = {drill.ref for record in records for drill in record.drills}
    newest = {each.newest.backup.ref: each for each in standings if each.newest}
    rows = []
    for run in runs:
        if run.ref not in of_backup and run.ref not in drills:
            continue
        row = {
            **asdict(run),
            "kind_text": kinds[run.kind],
            "good_text": _good(run, of_backup.get(run.ref)),
            "age_hours": age_hours(run.at, now),
        }
        rows.append(row | _of_backup(of_backup.get(run.ref), newest.get(run.ref)))
    return rows


def standing_row(each: SourceStanding, *, now: datetime | None = None) -> dict[str, object]:
    """A source as tables have it; as JSON too, where `now` is given."""
    backup, drill = each.newest.backup if each.newest else None, each.last_drill
    row: dict[str, object] = {
        "source": each.source,
        "state": each.standing.state.value,
        "state_text": WORDS[each.standing.state],
        "state_style": _STYLES[each.standing.state],
        "newest": backup.ref if backup else None,
        "newest_at": backup.started_at if backup else None,
        "max_age_hours": each.max_age_hours,
        "last_check": _last_check(each.newest),
        "last_drill": drill.ref if drill else None,
        "last_drill_at": drill.started_at if drill else None,
        "last_drill_passed": drill.passed if drill else None,
        "drilled_text": f"{drill.ref} {_PASSED[drill.passed]}" if drill else "没有演练过",
        "backups": each.backups,
        "is_configured": each.is_configured,
        "reasons": list(each.standing.reasons),
        "reasons_text": "；".join(each.standing.reasons),
    }
    if now is not None:
        age = age_hours(backup.started_at, now) if backup else None
        limit = "未设" if each.max_age_hours is None else f"{each.max_age_hours:g}"
        row |= {"age_hours": age, "age_text": f"{'—' if age is None else f'{age:g}'} / {limit}"}
    return row


def say_reasons(standings: Sequence[SourceStanding]) -> None:
    """Why a source is not fine, and what to do next."""
    for each in standings:
        for reason in each.standing.reasons:
            out.say(f"{each.source}：{reason}")
    if any(each.standing.state is State.BAD for each in standings):
        out.say("怎么办：运行 eduops backup run，再 eduops backup verify 和 eduops backup drill")


def record_row(record: Record) -> dict[str, object]:
    """A backup with everything that belongs to it."""
    backup = record.backup
    refs = {copy.id: copy.place for copy in record.copies}
    return {
        **backup.model_dump(exclude={"id"}),
        "state_text": STATES.get(backup.state, backup.state),
        "encryption_text": _ENCRYPTIONS.get(backup.encryption, backup.encryption),
        "seconds": None if backup.milliseconds is None else round(backup.milliseconds / 1000, 2),
        "holds": describe(backup),
        "sentinel_text": "有" if backup.sentinel else "没有",
        "copies": [copy.model_dump(exclude={"id", "backup_id"}) for copy in record.copies],
        "checks": [
            {
                **check.model_dump(exclude={"id", "backup_id", "copy_id"}),
                "place": refs.get(check.copy_id or 0),
            }
            for check in record.checks
        ],
        "drills": [
            {
                **drill.model_dump(exclude={"id", "backup_id", "copy_id"}),
                "place": refs.get(drill.copy_id or 0),
            }
            for drill in record.drills
        ],
    }


def show_history(record: Record) -> None:
    """Copies, verifications and drills as tables."""
    places = {copy.id: copy.place for copy in record.copies}
    store = record.backup.store
    copies = [
        {**copy.model_dump(), "state_text": STATES.get(copy.state, copy.state)} for copy in record.copies
    ]
    checks = [
        {"at": each.at, "place": places.get(each.copy_id or 0, store), "passed": _PASSED[each.passed],
         "fault": each.fault, "actor": each.actor}
        for each in record.checks
    ]  # fmt: skip
    drills = [
        {"ref": each.ref, "at": each.started_at, "place": places.get(each.copy_id or 0, store),
         "passed": "没有做完" if each.finished_at is None else _PASSED[each.passed],
         "fault": each.fault or "；".join(map(str, each.differences)), "actor": each.actor}
        for each in record.drills
    ]  # fmt: skip
    last = (out.Column("fault", "说明"), out.Column("actor", "操作人", spare=True))
    where = (out.Column("place", "存放处"), out.Column("passed", "结果"))
    out.rows(
        copies,
        (out.Column("place", "存放处"), out.Column("state_text", "状态"), out.Column("verified_at", "最近校验通过"),
         out.Column("fault", "说明")),
        as_json=False, title="异地副本", empty="没有异地副本",
    )  # fmt: skip
    out.rows(
        checks, (out.Column("at", "时刻"), *where, *last),
        as_json=False, title="校验", empty="备份以后没有再校验过",
    )  # fmt: skip
    out.rows(
        drills, (out.Column("ref", "编号"), out.Column("at", "时刻"), *where, *last),
        as_json=False, title="恢复演练", empty="没有演练过",
    )  # fmt: skip


def waiting_row(waiting: Waiting) -> dict[str, object]:
    """A copy that would be made."""
    backup = waiting.backup
    return {"ref": backup.ref, "source": backup.source, "place": waiting.place, "passed": None,
            "result": "将要复制", "style": "", "fault": None}  # fmt: skip


def copy_row(outcome: Outcome) -> dict[str, object]:
    """A copy that was tried."""
    fault = outcome.error.message if outcome.error else outcome.check.fault if outcome.check else None
    return {
        **waiting_row(outcome.waiting),
        "passed": outcome.is_good,
        "result": "已复制并校验" if outcome.is_good else "没有成",
        "style": "green" if outcome.is_good else "red",
        "fault": f"{fault}；{outcome.error.hint}" if outcome.error and outcome.error.hint else fault,
    }


def verdict_row(verdict: Verdict) -> dict[str, object]:
    """Whether a backup or a copy stays, and why."""
    backup = verdict.backup
    return {
        "ref": backup.ref,
        "source": backup.source,
        "place": verdict.copy.place if verdict.copy else backup.store,
        "is_copy": verdict.copy is not None,
        "at": backup.started_at,
        "is_kept": verdict.is_kept,
        "is_good": verdict.is_good,
        "decision_text": "保留" if verdict.is_kept else "删除",
        "style": "" if verdict.is_kept else "red",
        "reasons": list(verdict.reasons),
        "reasons_text": "、".join(verdict.reasons) or "没有规则要留它",
    }


def removed_row(removed: Removed) -> dict[str, object]:
    """One that was removed, or could not be."""
    row = verdict_row(removed.verdict)
    kept = ("ref", "source", "place", "is_copy", "at")
    return {key: row[key] for key in kept} | {"fault": removed.error.message if removed.error else None}


def _good(run: Run, record: Record | None) -> str:
    state = record.backup.state if record else ""
    if state in ("removing", "removed"):
        return STATES[state]
    return "成功" if run.is_good else "失败"


def _of_backup(record: Record | None, newest: SourceStanding | None) -> dict[str, object]:
    """What a backup's line says besides; a drill's says nothing here."""
    if record is None:
        return {
            "state": None,
            "checked_text": None,
            "drilled_text": None,
            "copies_text": None,
            "standing": None,
        }
    drill, check = record.last_drill, record.last_check
    copies = [f"{copy.place}（{STATES.get(copy.state, copy.state)}）" for copy in record.copies]
    return {
        "state": record.backup.state,
        "checked_text": f"{out.text(check.at)} {_PASSED[check.passed]}" if check else None,
        "drilled_text": f"{drill.ref} {_PASSED[drill.passed]}" if drill else None,
        "copies_text": "、".join(copies) or None,
        "standing": newest.standing.state.value if newest else None,
    }


def _last_check(record: Record | None) -> dict[str, object] | None:
    check = record.last_check if record else None
    return {"at": check.at, "passed": check.passed, "fault": check.fault} if check else None
