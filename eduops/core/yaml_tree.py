"""A YAML file as plain values that remember their lines; whatever YAML allows and we do not is a problem."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from eduops.core.errors import Problem
from eduops.core.files import open_regular, render_reason

Path_ = tuple[str | int, ...]
# A recursive type cannot be spelled for mypy without aliases of aliases; the schema narrows it at once.
Value = object

_MAX_BYTES = 2_000_000
_MAX_DEPTH = 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Tree:
    """The values of a file, the line of every key path, and what is wrong with the file."""

    file: str
    data: Value = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: Path_) -> int | None:
        """The line of a key path, or of the nearest part of it that exists."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)

    def add(self, path: Path_, message: str, line: int | None = None) -> None:
        """Notes a problem at a key path."""
        line = self.line_of(path) if line is None else line
        parts = ([f"第 {line} 行"] if line else []) + ([render_path(path)] if path else [])
        self.problems.append(Problem(self.file, " ".join(parts) or "整个文件", message, line))


def load_tree(path: Path) -> Tree:
    """Reads a YAML file; on any problem `data` may be None and `problems` says why. An empty file is None too."""
    tree = Tree(str(path))
    text = _read_text(path, tree)
    if text is None:
        return tree
    try:
        if _is_plain(text, tree):
            node = yaml.compose(text, Loader=_LOADER)
            tree.data = None if node is None else _build(node, (), tree)
    except yaml.YAMLError as error:
        _note_syntax(error, tree)
    return tree


def render_path(path: Path_) -> str:
    """A key path as people write it: clauses.2.3 would be two keys, so odd ones stand in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif "." in part:
            text += f'["{part}"]'
        else:
            text += f".{part}" if text else part
    return text


def _read_text(path: Path, tree: Tree) -> str | None:
    try:
        with open_regular(path) as stream:
            data = stream.read(_MAX_BYTES + 1)  # the size said before reading may be another by now
        if len(data) <= _MAX_BYTES:
            return data.decode("utf-8-sig")
        tree.add((), f"文件超过 {_MAX_BYTES // 1_000_000} MB，不像是配置文件")
    except FileNotFoundError:
        tree.add((), "文件不存在")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        tree.add((), "文件不是 UTF-8 编码，请另存为 UTF-8", line)
    except OSError as error:
        tree.add((), f"文件不能读取（{render_reason(error)}）")
    return None


def _is_plain(text: str, tree: Tree) -> bool:
    """Looks at the events first: aliases can grow a small file without end, and deep nesting overruns the stack."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            tree.add((), f"不支持 YAML 别名（*{event.anchor}），请把内容写全", line)
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                tree.add((), f"嵌套超过 {_MAX_DEPTH} 层", line)
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                tree.add((), "一个文件只能有一份内容（发现第二个 ---）", line)
    return not tree.problems


def _build(node: yaml.Node, path: Path_, tree: Tree) -> Value:
    tree.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return dict(_iter_pairs(node, path, tree))
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*path, index), tree) for index, child in enumerate(node.value)]
    return _build_scalar(node.tag, str(node.value), path, tree)


def _iter_pairs(node: yaml.MappingNode, path: Path_, tree: Tree) -> Iterator[tuple[str, Value]]:
    seen: dict[str, int] = {}
    for key_node, child in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            tree.add(path, "键应是一个词，不能是列表或映射", line)
            continue
        # The key as written: `2.10` must not become the number 2.1, nor `on` the value true.
        key = str(key_node.value)
        if key in seen:
            tree.add((*path, key), f"键重复，第 {seen[key]} 行已经写过", line)
            continue
        seen[key] = line
        tree.lines[(*path, key)] = line
        yield key, _build(child, (*path, key), tree)


def _build_scalar(tag: str, text: str, path: Path_, tree: Tree) -> Value:
    """Only what YAML 1.2 calls a number or truth value is one: 14:00, yes and 2024-12-01 stay text."""
    kind = tag.rpartition(":")[2]
    if kind in ("str", "timestamp"):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind in ("int", "float"):
        return _build_number(text)
    tree.add(path, f"不支持 YAML 标签 {tag}")
    return None


def _build_number(text: str) -> Value:
    for convert in (int, float):
        try:
            # Leading zeros and underscores are somebody's code or a slip, not a number.
            if text.lstrip("+-").isdigit() and len(text.lstrip("+-")) > 1 and text.lstrip("+-")[0] == "0":
                return text
            return text if "_" in text else convert(text)
        except (ValueError, OverflowError):
            continue
    return text


def _note_syntax(error: yaml.YAMLError, tree: Tree) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        tree.add((), "文件里有 YAML 不允许的字符")
        return
    tree.add(
        (),
        f"第 {mark.column + 1} 列附近不符合 YAML 语法，请检查缩进、冒号后的空格、引号和括号是否成对",
        mark.line + 1,
    )
