"""Running the demo from an empty folder to the written report."""

import csv
import re
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from eduops.core.errors import InputError, NotAllowed
from eduops.core.files import unwritable, write_whole
from eduops.core.home import CONTRACT_NAME, Home
from eduops.core.shipped import find_shipped
from eduops.sheet.export import Column, Table, write_table
from eduops.sheet.read import read_workbook
from eduops.sheet.workbook import Workbook
from eduops.store.store import open_store
from eduops.training.service.bank import check_bank
from eduops.workflow import layout
from eduops.workflow.demo import operation_step, training_step
from eduops.workflow.demo.contract import DemoContract, copy_contract
from eduops.workflow.demo.stage import Outcome, Stage, command

MARK = ".eduops-demo"
SEED = 20241201
SCRIPT = "命令.sh"
_REHEARSED = 200
_LEAST_FREE_BYTES = 200_000_000

Advance = Callable[[int], None]
Progress = Callable[[str, int | None], AbstractContextManager[Advance]]
_STEPS: tuple[tuple[str, Callable[[Stage, Advance], Outcome], int | None], ...] = (
    ("登记机构和培训项目", training_step.onboard_tenants, None),
    ("导入学员名册", training_step.import_learners, None),
    ("从 Excel 导入题库", training_step.import_bank, None),
    ("组卷并安排考试", training_step.build_exam, None),
    ("演练考试", training_step.rehearse_exam, _REHEARSED),
    ("阅卷并导出成绩", training_step.grade_exam, None),
    ("巡检本机", operation_step.patrol_this_machine, None),
    ("登记一个季度的工单", operation_step.enter_tickets, None),
    ("评定服务时限，记入违约台账", operation_step.judge_and_post, None),
    ("备份并恢复演练", operation_step.back_up_and_restore, None),
    ("生成季度报告", operation_step.write_report, None),
)
TOTAL = len(_STEPS) + 1


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it is told: its number, what it was, what came of it and how long it took."""

    number: int
    title: str
    outcome: Outcome
    seconds: float


def run_demo(
    folder: Path, *, bank: Path | None, anew: bool, now: datetime, seed: int, progress: Progress
) -> Iterator[Told]:
    """Runs every step, telling each as it ends; the commands of all of them end up in 命令.sh.

    Raises NotAllowed for a folder that is in use, InputError for one that cannot be written or for a bank file
    without questions, before anything is touched; whatever a step raises ends the demo.
    """
    folder = folder.resolve()
    workbook = _read_bank(bank, folder) if bank else None
    _clear(folder, anew=anew)
    script: list[str] = []
    started = time.monotonic()
    stage, outcome = _set_up(folder.absolute(), workbook, now=now, seed=seed)
    script += outcome.commands
    yield Told(1, "布置数据目录", outcome, time.monotonic() - started)
    for number, (title, step, total) in enumerate(_STEPS, start=2):
        started = time.monotonic()
        with progress(title, total) as advance:
            outcome = step(stage, advance)
        script += outcome.commands
        yield Told(number, title, outcome, time.monotonic() - started)
    stage.store.engine.dispose()
    write_whole(folder / SCRIPT, _script(stage, script), mode=0o755)


def list_results(folder: Path) -> list[tuple[str, Path]]:
    """What the demo wrote, with a word for each."""
    named = (
        ("季度报告", "运维工作季度报告.docx"),
        ("成绩", "成绩.xlsx"),
        ("学员名册", "名册.xlsx"),
        ("题库", "题库.xlsx"),
        ("合同副本", CONTRACT_NAME),
        ("全部命令", SCRIPT),
        ("数据目录", "home"),
    )
    return [(word, folder / name) for word, name in named if (folder / name).exists()]


def _read_bank(bank: Path, folder: Path) -> Workbook:
    """The user's workbook, read and judged before an earlier demo is deleted for one that cannot be."""
    if bank.resolve().is_relative_to(folder.resolve()):
        raise NotAllowed(
            f"题库文件 {bank} 在演示目录 {folder} 里", hint="先把它移到别处，或用 --into 换一个目录"
        )
    workbook = read_workbook(bank.absolute())
    if not check_bank(None, workbook).importable:
        raise InputError(
            f"{bank} 里没有一道可以导入的题", hint=f"运行 eduops bank check {bank} 查看每一处错误"
        )
    return workbook


def _set_up(folder: Path, bank: Workbook | None, *, now: datetime, seed: int) -> tuple[Stage, Outcome]:
    home = Home(folder / "home")
    source = find_shipped("configs", "contracts", CONTRACT_NAME)
    copied = _copy_contract(source, folder, now)
    laid = layout.lay_out(home, contract=copied.path, invented=True)
    workbook = bank or read_workbook(_write_own_bank(folder))
    stage = Stage(folder, home, copied, open_store(home.database_url), now, seed, workbook, _REHEARSED)
    term = copied.contract.term
    said = (
        f"合同用随附文件的副本，期限改为自 {term.start} 起 {term.years} 年（今天在内），"
        f"季度 {copied.quarter} 为 {copied.from_on} 至 {copied.to_on}；新建 {len(laid.made)} 项"
    )
    return stage, Outcome(said, (command("init", "--contract", copied.path, "--invented"),))


def _copy_contract(source: Path, folder: Path, now: datetime) -> DemoContract:
    # The shipped contract's zone decides which day today is; the copy keeps it.
    from eduops.contract.loader import load_contract

    today = now.astimezone(load_contract(source).zone_info).date()
    return copy_contract(source, folder / CONTRACT_NAME, today=today)


def _write_own_bank(folder: Path) -> Path:
    """The shipped questions as an Excel file, such as a department would send."""
    source, target = find_shipped("configs", "demo", "questions.csv"), folder / "题库.xlsx"
    with source.open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream))
    write_table(target, [Table("题库", "", "", [Column(name) for name in head], rows)])
    return target


def _clear(folder: Path, *, anew: bool) -> None:
    """An empty, marked folder. Only a folder that a demo made is ever emptied."""
    try:
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).is_file():
                raise NotAllowed(
                    f"{folder} 不是空目录，也不是演示目录，不能使用", hint="用 --into 换一个新目录"
                )
            if not anew:
                raise NotAllowed(
                    f"{folder} 里已有一次演示", hint="加 --anew 删除它重新开始，或用 --into 换一个目录"
                )
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARK).write_text("eduops demo\n", encoding="utf-8")
        if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
            raise InputError(f"{folder} 所在磁盘剩余不足 200 MB", hint="清理磁盘，或用 --into 换一个位置")
    except OSError as error:
        raise unwritable(folder, error) from error


def _script(stage: Stage, commands: list[str]) -> str:
    # What is made again goes into the new home, never over what this demo made.
    here = re.compile(r"--out '?" + re.escape(f"{stage.folder}/") + r"([^/' ]+)'?")
    commands = [here.sub(r'--out "$EDUOPS_HOME/\1"', line) for line in commands]
    lines = [
        "#!/bin/sh",
        "# 演示所做的每一步，逐条可照做。在新的数据目录里重做：sh 命令.sh 新目录",
        f"# 虚构的时刻以演示开始时的 {stage.at(stage.begun_at)} 为准；巡检、备份的结果随运行时的机器而变。",
        "set -eu",
        f'export EDUOPS_HOME="${{1:?用法：sh {SCRIPT} 新的数据目录}}"',
        "unset EDUOPS_DATABASE_URL",
        "command -v eduops >/dev/null || { echo '找不到命令 eduops：先运行 . .venv/bin/activate' >&2; exit 127; }",
        # A patrol that finds something leaves with 1, as it should.
        *(f"{line} || [ $? -eq 1 ]" if line.startswith("eduops patrol run") else line for line in commands),
    ]
    return "\n".join(lines) + "\n"


def render_command(words: str, folder: Path) -> str:
    """A command as the screen shows it: paths inside the demo's folder relative to where the person stands."""
    return words.replace(shlex.quote(str(folder.absolute())), str(folder)).replace(
        str(folder.absolute()), str(folder)
    )
