"""From an error to a sentence on stderr and an exit code: the one table."""

import traceback
from collections.abc import Callable

import typer

from eduops.cli import chinese
from eduops.cli.stream import TERMINATED, ScreenError, Terminated
from eduops.cli.visible import visible
from eduops.core.errors import ConfigError, EduopsError, InputError, OutsideError, UsageError

FINE, FOUND, USAGE, WRONG_FILE, REFUSED, OUTSIDE = 0, 1, 2, 3, 4, 5
_CODES: tuple[tuple[type[EduopsError], int], ...] = (
    (UsageError, USAGE),
    (ConfigError, WRONG_FILE),
    (InputError, WRONG_FILE),
    (OutsideError, OUTSIDE),
    (EduopsError, REFUSED),
)
_INTERRUPTED = 130
_MOST_PROBLEMS = 50


def guarded(action: Callable[[], object], *, debug: bool) -> int:
    """Runs the command; whatever goes wrong is said in Chinese on stderr, and the exit code is returned.

    `debug` shows the calls that led there first; the sentence and the code stay the same.
    """
    try:
        result = action()
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except Terminated:
        _say("收到终止信号，已中止；没有做完的部分没有写入。")
        return TERMINATED
    except SystemExit as leaving:
        # Typer leaves with 1 when whoever read our output closed it (`| head`): nothing is wrong.
        if isinstance(leaving.__context__, BrokenPipeError):
            return FINE
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(error)
    # Typer turns Ctrl-C, and every `typer.Exit`, into the code that the command gives back.
    if result == _INTERRUPTED:
        return _interrupted()
    return result if isinstance(result, int) else FINE


def exit_code(error: EduopsError) -> int:
    """The design's exit code of an error."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def _interrupted() -> int:
    _say("已中止，没有做完的部分没有写入。")
    return _INTERRUPTED


def _report(error: Exception) -> int:
    match error:
        case EduopsError():
            return _report_ours(error)
        case typer.TyperException():
            return _report_usage(error)
        case ScreenError():
            _say(f"已执行完，但结果没有完全显示出来（{error}）；请用查询命令核对，不要重复执行")
            return OUTSIDE
        case _:
            _say(f"错误：程序内部出错（{type(error).__name__}：{error}）")
            _say("已经写入的步骤保留，出错时正在做的一步没有写入；重做以前先用查询命令核对。")
            _say("怎么办：核对后加 --debug 重新运行，把显示的内容交给开发人员。")
            return OUTSIDE


def _report_ours(error: EduopsError) -> int:
    _say(f"错误：{error.message}")
    problems = getattr(error, "problems", ())
    for problem in problems[:_MOST_PROBLEMS]:
        _say(f"  - {problem}")
    if len(problems) > _MOST_PROBLEMS:
        _say(f"  … 另有 {len(problems) - _MOST_PROBLEMS} 处")
    if error.hint:
        _say(f"怎么办：{error.hint}")
    return exit_code(error)


def _report_usage(error: typer.TyperException) -> int:
    # Help for a noun without a verb arrives as an error too; rich has drawn it already, plain text is still to print.
    if type(error).__name__ == "NoArgsIsHelpError":
        if error.format_message():
            _say(error.format_message())
        return USAGE
    _say(f"错误：{chinese.sentence(error.format_message())}{_meaning(error)}")
    context = getattr(error, "ctx", None)
    _say(f"怎么办：运行 {context.command_path if context else 'eduops 命令'} --help 查看用法")
    return USAGE


def _meaning(error: typer.TyperException) -> str:
    """What a missing parameter stands for, from its help."""
    parameter = getattr(error, "param", None)
    missing = type(error).__name__ == "MissingParameter" and parameter is not None
    return f"（{chinese.question(parameter)}）" if missing else ""


def _say(text: str) -> None:
    typer.echo(visible(text), err=True)
