"""Coverage on the screen: one row a host, one column a day, folded at the terminal's width; and as a workbook."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from eduops.cli import out
from eduops.cli.visible import visible
from eduops.contract.working_day import iter_days
from eduops.patrol.rules.coverage import BigStand, Day, Gap, HostCoverage, Mark

LETTERS = {
    Mark.BIG: "B",
    Mark.INCOMPLETE_BIG: "P",
    Mark.MONTHLY: "M",
    Mark.DAILY: "D",
    Mark.ON_DEMAND: "T",
    Mark.FAILED: "F",
    Mark.MISSING: "X",
    Mark.TO_COME: "?",
    Mark.NOT_DUE: "-",
    Mark.BEFORE: ".",
    Mark.RETIRED: "/",
}
"""Told apart without colours; what was made by hand is written small."""
WORDS = {
    Mark.BIG: "大巡检",
    Mark.INCOMPLETE_BIG: "缺必查项的大巡检，只作日常",
    Mark.MONTHLY: "月度评估",
    Mark.DAILY: "日常巡检",
    Mark.ON_DEMAND: "临时巡检",
    Mark.FAILED: "只有失败的巡检",
    Mark.MISSING: "缺巡检",
    Mark.TO_COME: "还没到",
    Mark.NOT_DUE: "合同不要求",
    Mark.BEFORE: "尚未看护",
    Mark.RETIRED: "不再看护",
}
_COLOURS = {
    Mark.BIG: "bold green",
    Mark.INCOMPLETE_BIG: "yellow",
    Mark.MONTHLY: "cyan",
    Mark.DAILY: "green",
    Mark.ON_DEMAND: "green",
    Mark.FAILED: "bold magenta",
    Mark.MISSING: "bold red",
    Mark.TO_COME: "blue",
    Mark.NOT_DUE: "dim",
    Mark.BEFORE: "dim",
    Mark.RETIRED: "dim",
}
_CELL = 3
_WIDEST_LABEL = 20
_DAY = timedelta(days=1)

Row = Mapping[str, object]


def build_rows(found: Sequence[HostCoverage]) -> list[Row]:
    """All that is known of each host's coverage, for programs."""
    return [
        {
            "host": each.host.code,
            "name": each.host.name,
            "is_production": each.host.is_production,
            "added_on": each.host.added_on,
            "retired_on": each.host.retired_on,
            "has_gap": each.has_gap,
            "due": each.due,
            "done": each.done,
            "percent": each.percent,
            "gaps": [
                {"first_on": gap.first_on, "last_on": gap.last_on, "days": gap.days} for gap in each.gaps
            ],
            "big": each.big,
            "days": [
                {"day": day.day, "mark": day.mark, "is_manual": day.is_manual, "runs": day.refs}
                for day in each.days
            ],
        }
        for each in found
    ]


def show(found: Sequence[HostCoverage], *, from_on: date, to_on: date) -> None:
    """The calendar, what its letters mean, and what is missing."""
    if not found:
        out.say("这段时间没有看护中的主机")
        return
    out.say(f"巡检覆盖 {from_on} 至 {to_on}")
    for block in _fold(from_on, to_on, _label_width(found)):
        _draw(found, block, from_on)
    _draw_legend(found)
    out.rows([_build_summary(each) for each in found], _SUMMARY, as_json=False, title="各主机", empty="")
    for sentence in _list_sentences(found):
        out.say(sentence)


_SUMMARY = (
    out.Column("host", "主机"),
    out.Column("done", "已巡/应巡", right=True),
    out.Column("percent", "覆盖率", right=True),
    out.Column("missing", "缺天", right=True),
    out.Column("last_big", "上次大巡检", spare=True),
    out.Column("due_big", "下次最迟"),
    out.Column("stand", "距大巡检", style_key="colour"),
)


def _build_summary(each: HostCoverage) -> Row:
    big = each.big
    return {
        "host": each.host.code if each.host.is_production else f"{each.host.code}（测试，不计）",
        "done": f"{each.done}/{each.due}",
        "percent": None if each.percent is None else f"{each.percent:g}%",
        "missing": sum(gap.days for gap in each.gaps),
        "last_big": big.last_on if big else None,
        "due_big": big.due_on if big and each.host.retired_on is None else None,
        "stand": _say_stand(big, is_retired=each.host.retired_on is not None),
        "colour": "bold red" if big and (big.is_overdue or big.gaps) else "",
    }


def _say_stand(big: BigStand | None, *, is_retired: bool) -> str | None:
    if big is None:
        return None
    if is_retired:
        return "已停用"
    return f"{big.days_since} 天" + "，超期" * big.is_overdue


def _list_sentences(found: Sequence[HostCoverage]) -> Iterator[str]:
    for each in found:
        if not each.host.is_production:
            continue
        if each.gaps:
            said = "、".join(map(_say_gap, each.gaps))
            yield f"主机 {each.host.code} 缺巡检：{said}"
        for gap in each.big.gaps if each.big else ():
            until = f"到 {gap.to_on} 仍没有" if gap.is_open else f"到 {gap.to_on} 才有"
            yield f"主机 {each.host.code} 自 {gap.from_on} 起 {gap.days} 天{until}大巡检，超过 {_limit(each)} 天"


def _limit(each: HostCoverage) -> int:
    return each.big.limit_days if each.big else 0


def _say_gap(gap: Gap) -> str:
    return f"{gap.first_on}" if gap.days == 1 else f"{gap.first_on} 至 {gap.last_on}（{gap.days} 天）"


def _label_width(found: Sequence[HostCoverage]) -> int:
    return min(_WIDEST_LABEL, max(len("主机") * 2, *(len(each.host.code) for each in found)))


def _fold(from_on: date, to_on: date, label: int) -> Iterator[list[date]]:
    """The days in blocks that fit beside the hosts' codes; a month is never joined with the next one."""
    most = max(7, (out.console().width - label - 1) // _CELL)
    block: list[date] = []
    for day in iter_days(from_on, to_on + _DAY):
        if block and (len(block) == most or day.day == 1):
            yield block
            block = []
        block.append(day)
    yield block


def _draw(found: Sequence[HostCoverage], block: Sequence[date], from_on: date) -> None:
    from rich.text import Text

    label = _label_width(found)
    screen = out.console()
    screen.print(
        Text(f"{block[0]:%Y-%m}".ljust(label) + "".join(f"{day.day:>{_CELL}}" for day in block), style="bold")
    )
    first = (block[0] - from_on).days
    for each in found:
        code = visible(each.host.code)
        line = Text((code if len(code) <= label else f"{code[: label - 1]}…").ljust(label))
        for day in each.days[first : first + len(block)]:
            line.append(" " * (_CELL - 1))
            line.append(letter(day), style=_COLOURS[day.mark])
        screen.print(line)


def letter(day: Day) -> str:
    """The letter of a day, small where the patrol was made by hand."""
    found = LETTERS[day.mark]
    return found.lower() if day.is_manual else found


def _draw_legend(found: Sequence[HostCoverage]) -> None:
    used = [day for each in found for day in each.days]
    marks = [mark for mark in LETTERS if any(day.mark is mark for day in used)]
    said = [f"{LETTERS[mark]} {WORDS[mark]}" for mark in marks]
    if any(day.is_manual for day in used):
        said.append("小写 人工登记")
    out.say("；".join(said))


def write(path: Path, found: Sequence[HostCoverage], *, from_on: date, to_on: date) -> None:
    """The calendar and the gaps as a workbook. Raises InputError where it cannot be written."""
    from eduops.sheet.export import Column, Table, write_table

    days = list(iter_days(from_on, to_on + _DAY))
    legend = "；".join(f"{LETTERS[mark]} {WORDS[mark]}" for mark in LETTERS) + "；小写 人工登记"
    heads = [Column("主机"), Column("名称"), Column("环境"), Column("已巡", kind="integer")]
    heads += [Column("应巡", kind="integer"), Column("覆盖率", kind="percent")]
    heads += [Column("上次大巡检", kind="date"), Column("下次最迟", kind="date")]
    calendar = Table(
        "覆盖",
        f"巡检覆盖 {from_on} 至 {to_on}",
        legend,
        [*heads, *(Column(f"{day:%m-%d}") for day in days)],
        [
            [
                *(each.host.code, each.host.name, "生产" if each.host.is_production else "测试（不计）"),
                *(each.done, each.due, None if each.percent is None else each.percent / 100),
                *((each.big.last_on, each.big.due_on) if each.big else (None, None)),
                *(letter(day) for day in each.days),
            ]
            for each in found
        ],
    )
    gaps = Table("缺巡检", "", "", [Column("主机"), Column("缺什么")], list(_list_gap_rows(found)))
    write_table(path, [calendar, gaps])


def _list_gap_rows(found: Sequence[HostCoverage]) -> Iterator[list[str]]:
    for sentence in _list_sentences(found):
        _, code, said = sentence.split(" ", 2)
        yield [code, said]
