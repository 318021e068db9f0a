"""How the results of imports look: JSON for programs, sentences for people, a marked copy for the author."""

import json
import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import Path

import typer

from eduops.cli import out
from eduops.cli.failure import WRONG_FILE
from eduops.cli.target import check_workbook
from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError, InputError, Problem, UsageError
from eduops.core.home import Home
from eduops.sheet.workbook import Mark, Workbook, column_index, column_letters
from eduops.training.queries.bank import BankStats
from eduops.training.rules.bank_layout import HeaderNotFound
from eduops.training.rules.bank_mapping import NO_MAPPING, Mapping
from eduops.training.rules.bank_similarity import Similar
from eduops.training.rules.bank_suggestion import Suggestion, suggest_mapping
from eduops.training.rules.bank_word import FIELD_NAMES, TYPE_NAMES
from eduops.training.rules.question import BankItem, QuestionType
from eduops.training.service.bank import ImportResult

_MOST_ERRORS = 50
_DIFFICULTY_NAMES = {"easy": "易", "medium": "中", "hard": "难", "": "未标"}
STATS_HEADS = {
    "bank": "题库",
    "questions": "题数",
    "groups": "题组",
    "retired": "已停用",
    "by_type": "按题型",
    "by_difficulty": "按难度",
}


@dataclass
class Shown:
    """A workbook, what became of it, and where its marked copy lies."""

    workbook: Workbook
    result: ImportResult
    marked: Path | None = None

    def write_marked(self, target: Path | None, *, is_wanted: bool) -> None:
        """Writes the marked copy where there are errors and it is wanted, or a place for it was named."""
        if not self.result.errors or not (is_wanted or target):
            return
        # Loaded only where there is something to mark: Excel's writers take as long to load as a small import.
        from eduops.sheet.mark import write_marked_copy

        source = self.workbook.path
        self.marked = target or _find_free(source)
        marks = [
            Mark(error.sheet, error.row, column_index(error.column) if error.column else None, error.message)
            for error in self.result.errors
        ]
        headers = {
            layout.sheet.name: layout.header_row
            for layout in self.result.layouts
            if layout.header_row is not None
        }
        write_marked_copy(
            self.workbook, self.marked, marks=marks, summary=[_sentence(self.result)], header_rows=headers
        )


def check_marked(target: Path | None, files: Sequence[Path]) -> None:
    """Raises UsageError where one copy is to be that of several files, or for a name that is no workbook's; NotAllowed
    where it is there already."""
    if target is None:
        return
    if len(files) > 1:
        raise UsageError(
            "--marked 只能给一个文件写副本，这里有几个文件",
            hint="一个一个地运行；bank import --skip-bad 不写 --marked 时，副本写在各自的原文件旁边",
        )
    check_workbook(target, force=False)


def _find_free(source: Path) -> Path:
    """A name beside the source that nothing has: an earlier copy may hold somebody's corrections."""
    numbers = chain([""], (f".{number}" for number in count(2)))
    places = (source.with_name(f"{source.stem}.标注{number}.xlsx") for number in numbers)
    return next(place for place in places if not os.path.lexists(place))


def load_mapping(chosen: Path | None, sheet: str | None, home: Home) -> Mapping:
    """The mapping in a file, or saved in the home under a name, with the sheet that the command line names.

    Raises ConfigError where there is neither, or where it is wrong.
    """
    file = chosen
    if chosen is not None and not _exists(chosen) and _exists(saved := mapping_path(home, chosen.name)):
        file = saved
    mapping = load_yaml(file, Mapping) if file is not None else NO_MAPPING
    unknown = mapping.unknown_types()
    if unknown:
        raise ConfigError(
            f"{file} 的 types 里有认不出的题型：{'、'.join(unknown)}",
            hint=f"可写：{'、'.join(TYPE_NAMES.values())}、A3/A4、B1",
        )
    return mapping.model_copy(update={"sheet": sheet}) if sheet is not None else mapping


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 -- Path.exists raises at a name that is too long


def mapping_path(home: Home, name: str) -> Path:
    """Where a mapping of that name is saved."""
    return home.path / "mappings" / f"{name}.yaml"


@contextmanager
def judging(verb: str, workbook: Workbook) -> Iterator[Callable[[int], None]]:
    """A bar over the workbook's rows; where its headings are not known, the error proposes a mapping."""
    rows = sum(len(sheet.rows) for sheet in workbook.sheets)
    try:
        with out.progress(f"{verb} {workbook.path.name}", total=rows) as advance:
            yield advance
    except HeaderNotFound as error:
        raise HeaderNotFound(error.message, hint=error.hint + _proposal(workbook)) from error


def _proposal(workbook: Workbook) -> str:
    try:
        mapping = render_mapping(suggest_mapping(workbook))
    except InputError:
        return "；从内容也看不出哪一列是题干和答案"
    command = f"eduops bank mapping suggest {shlex.quote(str(workbook.path))} > 对应关系.yaml"
    return f"。看起来像下面这样，存成文件（{command}）、核对后加 --mapping 对应关系.yaml：\n{mapping}"


def render_mapping(found: Suggestion) -> str:
    """The mapping as YAML, each column with its heading behind it. JSON's strings are YAML's."""
    mapping = found.mapping
    lines = [f"sheet: {json.dumps(mapping.sheet, ensure_ascii=False)}"] if mapping.sheet else []
    lines += [f"header_row: {mapping.header_row}", "columns:"]
    for name, letters in mapping.columns.items():
        heading = " ".join(found.headings.get(letters, letters).split())[:30]
        column = letters if letters in found.headings else json.dumps(letters, ensure_ascii=False)
        lines.append(f"  {name}: {column}  # {FIELD_NAMES[name.partition('[')[0]]}：{heading}")
    for letters, heading in found.left:
        lines.append(f"  # {letters} 列没有用到：{' '.join(heading.split())[:30]}")
    return "\n".join(lines)


def refuse_errors(results: Sequence[Shown], *, as_json: bool) -> None:
    """Ends the command where any file has errors: nothing was written, all errors are told."""
    if not any(shown.result.errors for shown in results):
        return
    if as_json:
        _show_json([undone(shown.result) for shown in results])
        raise typer.Exit(WRONG_FILE)
    for shown in results:
        if shown.result.assumptions:
            read = "".join(f"\n  · {sentence}" for sentence in shown.result.assumptions)
            out.warn(f"{shown.workbook.path.name} 是这样读的：{read}")
    problems = [
        Problem(shown.result.file, f"{error.sheet}!{error.column}{error.row}", f"{error.message}")
        for shown in results
        for error in shown.result.errors
    ]
    copies = "".join(f"；标注副本 {shown.marked}" for shown in results if shown.marked)
    raise InputError(
        f"有 {len(problems)} 处错误，什么都没有写入{copies}",
        hint="改正后再导入；或加 --skip-bad，只导入没有错的题，有错的标注在副本里退回",
        problems=problems,
    )


def undone(result: ImportResult) -> ImportResult:
    """The result of an import that was taken back, or only rehearsed."""
    return replace(result, imported=0, batch=None)


def show(results: Sequence[Shown], *, as_json: bool, note: str) -> None:
    """Prints what became of each file."""
    if as_json:
        _show_json([shown.result for shown in results])
        return
    for shown in results:
        lines = [f"{shown.workbook.path.name}：{_sentence(shown.result)}{note}"]
        lines += [f"  · {sentence}" for sentence in shown.result.assumptions]
        errors = shown.result.errors
        lines += [
            f"  - {error.sheet}!{error.column}{error.row}：{error.message}" for error in errors[:_MOST_ERRORS]
        ]
        if len(errors) > _MOST_ERRORS:
            lines.append(f"  … 另有 {len(errors) - _MOST_ERRORS} 处，用 --json 或标注副本查看全部")
        if shown.marked:
            lines.append(f"  标注副本：{shown.marked}")
        out.done("\n".join(lines))


def stats_item(name: str, stats: BankStats, *, as_json: bool) -> dict[str, object]:
    """The figures of a bank; for people with Chinese names."""
    if as_json:
        return {"bank": name, **asdict(stats)}
    return {
        "bank": name,
        **asdict(stats),
        "by_type": [f"{TYPE_NAMES[QuestionType(kind)]} {count}" for kind, count in stats.by_type.items()],
        "by_difficulty": [
            f"{_DIFFICULTY_NAMES[kind]} {count}" for kind, count in stats.by_difficulty.items()
        ],
    }


def pair_item(pair: Similar, items: Sequence[BankItem]) -> dict[str, object]:
    """Two questions that are nearly the same, side by side."""
    told: dict[str, object] = {"percent": pair.percent}
    for side, item in (("first", items[pair.first]), ("second", items[pair.second])):
        told |= {
            f"{side}_id": item.question_id,
            f"{side}_position": item.position,
            f"{side}_stem": item.question.stem,
            f"{side}_options": item.question.options,
            f"{side}_key": item.question.key,
        }
    return told


def _sentence(result: ImportResult) -> str:
    if result.batch:
        done = f"导入 {result.imported}"
    elif result.rows and result.duplicates == result.rows:
        done = "都已在题库里，没有要导入的"
    else:
        done = f"可导入 {result.importable}"
    told = f"共 {result.rows} 题，{done}，重复 {result.duplicates}，有错 {result.rejected}，修整 {result.repaired}"
    return told + (f"（批次 {result.batch}）" if result.batch else "")


def _show_json(results: Sequence[ImportResult]) -> None:
    items = [_item(result) for result in results]
    out.value(items[0] if len(items) == 1 else items)


def _item(result: ImportResult) -> dict[str, object]:
    return {
        "file": result.file,
        "sheets": [
            {
                "name": layout.sheet.name,
                "role": layout.role.value,
                "header_row": layout.header_row,
                "columns": {name: column_letters(column) for name, column in layout.columns.items()},
                "rows": layout.rows,
            }
            for layout in result.layouts
        ],
        "rows": result.rows,
        "imported": result.imported,
        "importable": result.importable,
        "duplicates": result.duplicates,
        "rejected": result.rejected,
        "repaired": result.repaired,
        "by_type": result.by_type,
        "errors": [asdict(error) for error in result.errors],
        "assumptions": result.assumptions,
        "batch": result.batch,
    }
