"""Typer's fixed words in Chinese: panel titles, usage, its own error sentences."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)

_PANELS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "错误",
    "ABORTED_TEXT": "已中止。",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "RICH_HELP": "用 [blue]'{command_path} {help_option}'[/] 查看帮助。",
}

_WORDS = {
    "Arguments": "参数",
    "Options": "选项",
    "Commands": "命令",
    "required": "必填",
    "default: {default}": "默认：{default}",
    "env var: {var}": "环境变量：{var}",
}
_HELPS = {
    "help": "显示这份帮助。",
    "install_completion": "为当前 shell 安装命令补全。",
    "show_completion": "显示当前 shell 的补全脚本，供复制或修改。",
}

_TYPES = {"str": "文字", "list[str]": "文字", "int": "整数", "Path": "路径", "list[Path]": "路径"}

_SENTENCES = (
    (r"Missing command\.?", r"没有写命令"),
    (r"No such command ['\"](.*?)['\"]\.?(?: Did you mean (.*)\?)?", r"没有命令「\1」~~，是否想用 \2"),
    (r"No such option: (\S+)(?: \(Possible options: (.*)\)| Did you mean (.*)\?)?", r"没有选项 \1~~，是否想用 \2\3"),
    (r"Missing (?:argument|parameter) '?([^'.]*)'?\..*", r"缺少参数 \1"),
    (r"Missing option '?([^'.]*)'?\..*", r"缺少选项 \1"),
    (r"Option '([^']*)' requires an argument\.?", r"选项 \1 后面要写值"),
    (r"Option '([^']*)' does not take a value\.?", r"选项 \1 不带值"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", r"多出参数：\1"),
    (r"Invalid value for '?([^':]*)'?: (.*)", r"\1 的值不正确：\2"),
)  # fmt: skip
_DETAILS = (
    # Typer has pydantic check values; these are pydantic's sentences for the kinds of option that we have.
    (r"Input should be a valid integer, .*", r"不是整数"),
    (r"Unable to parse input string as an integer, .*", r"整数太大"),
    (r"Input should be greater than or equal to (.*)", r"应不小于 \1"),
    (r"Input should be less than or equal to (.*)", r"应不大于 \1"),
)


_choices: dict[str, str] = {}


def name_choices(words: Mapping[Choice, str]) -> None:
    """Tells what an option's values are called, for the sentence that lists them."""
    _choices.update((each.value, word) for each, word in words.items())


def localise(*, drawn: bool) -> None:
    """Puts the Chinese words in place when help is about to be printed; `drawn` where rich draws it."""
    from typer import core

    setattr(core, "_", _translate)  # noqa: B010 - the module imports gettext under this name
    if drawn:
        from typer import rich_utils

        for name, word in _PANELS.items():
            setattr(rich_utils, name, word)
        setattr(rich_utils, "highlighter", _folding(rich_utils.OptionHighlighter()))  # noqa: B010 - as above


def _folding(highlight: Callable[[Any], Any]) -> Callable[[Any], Any]:  # Any: rich's text
    """Chinese has no spaces to break a line at: without this a long help ends in `…` on a narrow terminal."""

    def highlight_and_fold(words: Any) -> Any:
        made = highlight(words)
        made.overflow = "fold"
        return made

    return highlight_and_fold


def parameters(given: list[Any]) -> list[Any]:  # Any: Typer's inner options have no public type
    """The parameters, with the words that Typer brings along in Chinese."""
    for parameter in given:
        parameter.help = _HELPS.get(parameter.name, getattr(parameter, "help", None))
        if parameter.param_type_name == "option" and parameter.metavar is None:
            parameter.metavar = "" if parameter.is_flag else _TYPES.get(parameter.bare_type())
    return given


def _translate(word: str) -> str:
    return _WORDS.get(word, word)


def question(parameter: Any) -> str:
    """What to ask for a missing parameter: its help without the full stop."""
    return str(getattr(parameter, "help", None) or parameter.name).rstrip("。.")


def sentence(message: str) -> str:
    """One of Typer's error sentences in Chinese; an unknown one stays as it is."""
    for pattern, words in _SENTENCES:
        match = re.fullmatch(pattern, message, re.DOTALL)
        if match:
            head, _, tail = words.partition("~~")
            said = match.expand(head)
            if tail and any(match.groups()[1:]):
                said += match.expand(tail)
            return _detail(said)
    return _detail(message)


def _detail(text: str) -> str:
    for pattern, words in _DETAILS:
        text = re.sub(pattern, words, text)
    return re.sub(r"Value error, ['\"](.*)['\"] is not one of (.*)\.", _list_choices, text, flags=re.DOTALL)


def _list_choices(found: re.Match[str]) -> str:
    values = re.findall(r"'([^']*)'", found[2])
    listed = "、".join(f"{value}（{_choices[value]}）" if value in _choices else value for value in values)
    return f"「{found[1]}」不在可选范围，可选：{listed}"
