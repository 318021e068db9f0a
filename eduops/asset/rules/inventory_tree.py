"""The inventory as a YAML file: four lists of what is under care, read with their lines, and written again."""

from collections.abc import Iterator, Sequence

import yaml

from eduops.asset.rules.entry import Entry
from eduops.asset.rules.kind import KINDS, Field, Kind, kind_of
from eduops.asset.rules.raw_row import Place, RawRow
from eduops.asset.rules.text import Slip
from eduops.core.yaml_tree import Path_, Tree, render_path

_HEAD = "# 资产台账：主机、服务、接口、许可。改好后用 eduops host import 导入；空着的项不改动已登记的。\n"


def read_tree(tree: Tree) -> tuple[RawRow, ...]:
    """The rows of a file; whatever does not belong there is noted among the tree's problems."""
    if not isinstance(tree.data, dict):
        if not tree.problems:
            tree.add((), "里面没有台账：最外层应是 hosts、services、interfaces、licences 四个列表")
        return ()
    known = {kind.key for kind in KINDS}
    for key in tree.data:
        if key not in known:
            tree.add((key,), f"没有这个键；可用：{'、'.join(kind.key for kind in KINDS)}")
    return tuple(row for kind in KINDS for row in _list_rows(tree, kind))


def _list_rows(tree: Tree, kind: Kind) -> Iterator[RawRow]:
    content = tree.data.get(kind.key) if isinstance(tree.data, dict) else None
    if content is None:
        return
    if not isinstance(content, list):
        tree.add((kind.key,), f"应是{kind.word}的列表，每台一项，以「- 」开头")
        return
    for index, item in enumerate(content):
        if isinstance(item, dict):
            yield _read_item(tree, kind, (kind.key, index), item)
        else:
            tree.add((kind.key, index), f"应是一项{kind.word}：code、name 等键和值")


def _read_item(tree: Tree, kind: Kind, path: Path_, item: dict[str, object]) -> RawRow:
    fields = {each.key: each for each in kind.fields}
    texts: dict[str, str] = {}
    slips: list[Slip] = []
    for key, value in item.items():
        if key not in fields:
            tree.add((*path, key), f"{kind.word}没有这个键；可用：{'、'.join(fields)}")
            continue
        text = _find_text(fields[key], value)
        if isinstance(text, Slip):
            slips.append(text)
        else:
            texts[key] = text
    places = {key: _place(tree, (*path, key)) for key in item}
    return RawRow(kind, texts, _place(tree, path), places, tuple(slips))


def _place(tree: Tree, path: Path_) -> Place:
    line = tree.line_of(path) or 0
    return Place(f"第 {line} 行 {render_path(path)}", line)


def _find_text(each: Field, value: object) -> str | Slip:
    match value:
        case None:
            return ""
        case bool() if each.reads == "yes":
            return "true" if value else "false"
        case str():
            return value
        case bool() | float():
            # 12.10 without quotes has become 12.1 by now.
            return Slip(each.key, f'值 {value} 要加引号写成文字，例如 "12.10"')
        case int():
            return str(value)
        case list() if each.reads == "codes" and all(isinstance(part, str | int) for part in value):
            return " ".join(str(part) for part in value)
    return Slip(each.key, "应是一个词" + ("或词的列表" if each.reads == "codes" else "，不能是列表或映射"))


def render_tree(entries: Sequence[Entry]) -> str:
    """The entries as YAML that reads back as the same; what is empty is left out."""
    content = {
        kind.key: [_list_values(kind, entry) for entry in entries if kind_of(entry) is kind] for kind in KINDS
    }
    return _HEAD + yaml.dump(
        content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000, default_flow_style=False
    )


def _list_values(kind: Kind, entry: Entry) -> dict[str, object]:
    values = {each.key: getattr(entry, each.attribute) for each in kind.fields}
    return {key: _plain(value) for key, value in values.items() if value not in (None, "", (), False)}


def _plain(value: object) -> object:
    match value:
        case bool() | int():
            return value
        case tuple():
            return list(value)
    return str(value)


class _Dumper(yaml.SafeDumper):
    """Repeats what stands twice instead of pointing at it: aliases are refused when the file is read."""

    def ignore_aliases(self, data: object) -> bool:
        return True
