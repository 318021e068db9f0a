"""The demo's first half: tenants, learners, bank, exam. Each step does what its commands do, by their services."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from eduops.sheet.export import write_table
from eduops.sheet.read import read_workbook
from eduops.store.secret import load_cipher, require_fit
from eduops.training.queries import bank as banks
from eduops.training.queries import exam as exams
from eduops.training.queries import tenant as tenants
from eduops.training.rules import paper as papers
from eduops.training.rules.roster import read_roster
from eduops.training.rules.score_table import build_score_table
from eduops.training.service import attempt as attempts
from eduops.training.service import bank as bank_service
from eduops.training.service import paper as paper_service
from eduops.training.service import roster as rosters
from eduops.training.service import score as scores
from eduops.training.service import tenant as tenant_service
from eduops.workflow.demo.people import build_roster, list_headcounts
from eduops.workflow.demo.stage import Outcome, Stage, command
from eduops.workflow.rehearsal import rehearse

Advance = Callable[[int], None]

BANK = "演示题库"
_WANTED = {
    "single": (12, "4"),
    "multiple": (5, "4"),
    "true_false": (6, "2"),
    "blank": (3, "2"),
    "shared_stem": (1, "2"),
    "shared_options": (1, "2"),
}
_EXAM_MINUTES = 60
_MOST_ROWS_SHOWN = 40


def onboard_tenants(stage: Stage, _advance: Advance) -> Outcome:
    """The contract's tenants and programmes (clause 1.1)."""
    contract = stage.demo_contract.contract
    with stage.unit("tenant sync") as unit:
        found = tenant_service.sync_tenants(unit.session, contract, now=stage.now, actor=unit.actor)
        unit.changed("tenant", added=found.added)
    with stage.unit("programme sync") as unit:
        programmes = tenant_service.sync_programmes(unit.session, contract)
        unit.changed("programme", added=programmes.added)
    return Outcome(
        f"合同里的 {found.added} 家机构、{programmes.added} 个培训项目已登记",
        (command("tenant", "sync"), command("programme", "sync")),
    )


def import_learners(stage: Stage, _advance: Advance) -> Outcome:
    """The headcount that the contract states, as a roster of invented people."""
    file = stage.folder / "名册.xlsx"
    write_table(file, [build_roster(list_headcounts(stage.demo_contract.contract), seed=stage.seed)])
    roster = read_roster(read_workbook(file))
    assert roster is not None  # noqa: S101 - it was just written
    with stage.unit("learner import") as unit:
        cipher = load_cipher(stage.home.key_path)
        require_fit(unit.session, cipher, is_writing=True)
        result = rosters.import_roster(
            unit.session, roster, file=file.name, tenant=None, cipher=cipher, now=stage.now, is_invented=True
        )
        unit.changed(file.name, added=result.added)
    return Outcome(
        f"名册 {file.name} 的 {result.added} 名虚构学员已导入",
        (command("learner", "import", file, "--invented"),),
    )


def import_bank(stage: Stage, advance: Advance) -> Outcome:
    """The question bank from Excel; wrong rows are left out and named."""
    file = stage.bank.path
    with stage.unit("bank import") as unit:
        result = bank_service.import_bank(
            unit.session,
            stage.bank,
            bank_name=BANK,
            now=stage.now,
            actor=unit.actor,
            skip_bad=True,
            progress=advance,
        )
        if result.batch:
            unit.changed(result.batch, file=file.name, imported=result.imported)
    lines = [f"{error.sheet}!{error.column}{error.row}：{error.message}" for error in result.errors]
    if len(lines) > _MOST_ROWS_SHOWN:
        lines[_MOST_ROWS_SHOWN:] = [f"… 另有 {len(lines) - _MOST_ROWS_SHOWN} 处，见 eduops bank check"]
    said = f"{file.name} 共 {result.rows} 题：导入 {result.imported}，"
    said += f"重复 {result.duplicates}，有错 {result.rejected}"
    return Outcome(said, (command("bank", "import", file, "--bank", BANK, "--skip-bad"),), tuple(lines))


def build_exam(stage: Stage, _advance: Advance) -> Outcome:
    """A paper by the kinds of question that the bank has, and an exam of today."""
    title, opens_at = (
        "三基考试（演示）",
        (stage.begun_at - timedelta(hours=3)).replace(second=0, microsecond=0),
    )
    with stage.unit("paper build") as unit:
        bank = banks.get_bank(unit.session, BANK)
        blueprint = _blueprint(papers.count_units(banks.list_current(unit.session, bank.id)))
        paper = paper_service.build_paper(
            unit.session, bank, blueprint, title=title, seed=stage.seed, now=stage.now, actor=unit.actor
        )
        unit.changed(paper.ref, seed=stage.seed)
        items = len(exams.load_items(unit.session, paper.id))
    programme = next(
        (each for each in stage.demo_contract.contract.programmes if "三基" in each.name),
        stage.demo_contract.contract.programmes[0],
    )
    with stage.unit("exam schedule") as unit:
        exam = paper_service.schedule_exam(
            unit.session,
            exams.get_paper(unit.session, paper.ref),
            tenants.get_programme(unit.session, programme.code),
            title=title,
            opens_at=opens_at,
            closes_at=opens_at + timedelta(minutes=_EXAM_MINUTES + 30),
            minutes_allowed=_EXAM_MINUTES,
            pass_percent=Decimal(60),
            now=stage.now,
            is_invented=True,
        )
        unit.changed(exam.ref, paper=paper.ref)
    stage.refs["exam"] = exam.ref
    takes = [word for part in blueprint for word in ("--take", f"{part.kind}={part.count}:{part.points}")]
    return Outcome(
        f"{paper.ref} 共 {items} 题、满分 {paper.points.normalize():f} 分；{exam.ref} 已安排",
        (
            command("paper", "build", "--bank", BANK, "--title", title, *takes, "--seed", stage.seed),
            command(
                "exam", "schedule", "--paper", paper.ref, "--programme", programme.code, "--title", title, "--opens",
                stage.at(opens_at), "--minutes", _EXAM_MINUTES, "--invented",
            ),
        ),
    )  # fmt: skip


def rehearse_exam(stage: Stage, advance: Advance) -> Outcome:
    """Invented learners sit the exam; every answer is committed on its own and read back."""
    ref = stage.refs["exam"]
    result = rehearse(stage.store, ref, learners=stage.learners, seed=stage.seed, advance=advance)
    with stage.unit("exam rehearse") as unit:
        unit.changed(ref, attempts=result.attempts, saved=result.saved, lost=result.lost)
    return Outcome(
        f"{result.attempts} 名虚构学员作答，{result.saved} 个答案逐个落盘，读回 {result.found} 个，丢失 {result.lost} 个",
        (command("exam", "rehearse", ref, "--learners", stage.learners, "--seed", stage.seed),),
    )


def grade_exam(stage: Stage, _advance: Advance) -> Outcome:
    """Grading, and the scores as an Excel file."""
    ref, file = stage.refs["exam"], stage.folder / "成绩.xlsx"
    with stage.unit("exam grade") as unit:
        exam = exams.get_exam(unit.session, ref)
        graded = attempts.grade_exam(unit.session, exam, now=stage.now)
        unit.changed(ref, graded=graded.graded)
        stats = scores.load_stats(unit.session, exam)
        listed = exams.list_scores(unit.session, exam.id)
    table = build_score_table(
        exam.ref, exam.title, listed, stats, pass_percent=exam.pass_percent, is_invented=True
    )
    write_table(file, [table])
    return Outcome(
        f"阅卷 {graded.graded} 份，平均 {stats.average} 分，及格率 {stats.pass_percent}%；成绩写到 {file.name}",
        (command("exam", "grade", ref), command("score", "export", ref, "--out", file)),
    )


def _blueprint(available: dict[str, int]) -> list[papers.Part]:
    """As much of what a paper should hold as the bank has."""
    return [
        papers.Part(kind, min(count, available.get(kind, 0)), Decimal(points))
        for kind, (count, points) in _WANTED.items()
        if available.get(kind)
    ]
