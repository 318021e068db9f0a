"""The command line: options in, one JSON document on standard output, exit code 0, 2 (usage) or 3 (configuration)."""

import argparse
import codecs
import io
import os
import signal
import sys
from typing import Any, List, Optional

from eduops_agent import __version__, document, instant, runner
from eduops_agent.config import INTERVAL_RANGE, Config, ConfigError, load_config
from eduops_agent.context import Context, path_of
from eduops_agent.probes import PROBES

_EXAMPLE = """\
例：
  eduops-agent --config /etc/eduops-agent.json
  eduops-agent --probe cpu --probe memory --interval 5

退出码：0 已输出文档；2 用法错误；3 配置错误。"""

# argparse speaks English whatever the locale; these are its sentences that a person can meet here.
_CHINESE = (
    ("unrecognized arguments:", "不认识的参数："),
    ("expected one argument", "后面要跟一个值"),
    ("ignored explicit argument", "不接受取值"),
    ("argument ", "选项 "),
)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help with a Chinese heading for the usage line."""

    # Any: argparse's own types for these are private.
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Optional[str] = None) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are Chinese."""

    def error(self, message: str) -> Any:
        for english, chinese in _CHINESE:
            message = message.replace(english, chinese)
        self.exit(2, "用法错误：{}\n查看用法：{} --help\n".format(message, self.prog))


def run() -> None:
    """The program: never returns, ends with the exit code."""
    _make_streams_speak_chinese()
    signal.signal(signal.SIGTERM, _on_terminate)
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Whoever read us has gone; do not let the interpreter complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    sys.exit(code)


def main(words: List[str]) -> int:
    """Prints the document (or the list of probes) and gives the exit code."""
    if not hasattr(os, "fork"):
        print("eduops-agent 只能在 Linux 等有 fork 的系统上运行", file=sys.stderr)
        return 2
    options = _build_parser().parse_args(words)
    if options.list:
        for name, module in PROBES.items():
            print("{:<14}{}".format(name, module.TITLE))
        return 0
    try:
        config = load_config(path_of(options.config)) if options.config else Config()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 3
    interval_seconds = options.interval or config.interval_seconds
    sys.stdout.write(_measure(config, options.probe or list(PROBES), interval_seconds))
    return 0


def _measure(config: Config, names: List[str], interval_seconds: float) -> str:
    psutil = _import_psutil()
    contexts = {
        name: Context(config.sections.get(name), interval_seconds, config.timeout_seconds, psutil)
        for name in names
    }
    measured_at = instant.render_instant(instant.now_seconds())
    # In the order of the list and each once, whatever was asked for.
    chosen = {name: module for name, module in PROBES.items() if name in names}
    sections = runner.run_probes(chosen, contexts)
    return document.render_document(
        document.build_document(
            sections,
            host=document.read_host(),
            measured_at=measured_at,
            interval_seconds=interval_seconds,
            psutil_version=psutil.__version__ if psutil else None,
        )
    )


def _import_psutil() -> Any:
    try:
        import psutil
    except Exception:  # noqa: BLE001  not there, or built for another interpreter: /proc will do
        return None
    return psutil


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="eduops-agent",
        description="测量本机，在标准输出打印一份 JSON 巡检文档。不需要 root 权限，读不到的内容注明原因。",
        epilog=_EXAMPLE,
        formatter_class=_Formatter,
        add_help=False,
        allow_abbrev=False,
    )
    options = parser.add_argument_group("选项")
    options.add_argument("--config", metavar="文件", help="JSON 配置文件")
    options.add_argument(
        "--probe", metavar="名称", action="append", type=_probe, help="只运行这个探针，可重复"
    )
    options.add_argument("--interval", metavar="秒", type=_interval, help="采样间隔（默认 1 秒）")
    options.add_argument("--list", action="store_true", help="列出全部探针")
    options.add_argument("--version", action="version", version=__version__, help="显示版本")
    options.add_argument("-h", "--help", action="help", help="显示这段说明")
    return parser


def _probe(word: str) -> str:
    if word not in PROBES:
        raise argparse.ArgumentTypeError("没有名为 {} 的探针，可用的有 {}".format(word, "、".join(PROBES)))
    return word


def _interval(word: str) -> float:
    low, high = INTERVAL_RANGE
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not low <= seconds <= high:
        raise argparse.ArgumentTypeError("采样间隔应为 {:g} 到 {:g} 秒，而不是 {}".format(low, high, word))
    return seconds


def _make_streams_speak_chinese() -> None:
    # Python 3.6 under LANG=C opens its streams as strict ASCII and would fail on the first Chinese word.
    sys.stdout = _speak_chinese(sys.stdout)
    sys.stderr = _speak_chinese(sys.stderr)


def _speak_chinese(stream: Any) -> Any:
    encoding = codecs.lookup(stream.encoding or "ascii").name
    encoding = "utf-8" if encoding == "ascii" else encoding
    return io.TextIOWrapper(
        stream.detach(), encoding=encoding, errors="backslashreplace", line_buffering=True
    )


def _on_terminate(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)
