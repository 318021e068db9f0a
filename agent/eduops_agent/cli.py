"""The command line: options in, one JSON document on standard output, or documents into a spool again and again.

Exit codes: 0, 2 (usage), 3 (configuration), 4 (a spool or a metrics file that cannot be used).
"""

import argparse
import codecs
import io
import os
import signal
import sys
from typing import Any, Callable, List, Optional

from eduops_agent import __version__
from eduops_agent.config import INTERVAL_RANGE, Config, ConfigError, load_config
from eduops_agent.context import path_of
from eduops_agent.document import render_document
from eduops_agent.measuring import measure_host
from eduops_agent.probes import PROBES

_CANNOT_WRITE = 4
_LOOP_RANGE = (1.0, 86400.0)
_SPOOL_BYTES = 64 * 1024 * 1024
_SMALLEST_SPOOL_BYTES = 10_000

_EXAMPLE = """\
例：
  eduops-agent --config /etc/eduops-agent.json
  eduops-agent --probe cpu --probe memory --interval 5
  eduops-agent loop --interval 300 --spool /var/spool/eduops-agent    （见 eduops-agent loop --help）

退出码：0 已输出文档；2 用法错误；3 配置错误；4 指标文件不能写入。"""

_LOOP_EXAMPLE = """\
例：
  eduops-agent loop --config /etc/eduops-agent.json --interval 300 --spool /var/spool/eduops-agent
  eduops-agent loop --interval 60 --spool /var/spool/eduops-agent --prometheus /var/lib/node_exporter/eduops.prom

用 SIGTERM 或 Ctrl-C 结束，配置改动后重新启动。缓存超过上限时先丢最旧的文档，丢了多少写在下一份文档里。
退出码：0 收到信号后结束；2 用法错误；3 配置错误；4 缓存目录不能使用，或另一个 loop 正在使用。"""

# argparse speaks English whatever the locale; these are its sentences that a person can meet here.
_CHINESE = (
    ("unrecognized arguments:", "不认识的参数："),
    ("expected one argument", "后面要跟一个值"),
    ("ignored explicit argument", "不接受取值"),
    ("the following arguments are required:", "缺少选项："),
    ("invalid choice:", "没有这个取值："),
    ("choose from", "可用的有"),
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
    for name in ("SIGTERM", "SIGHUP"):
        # An SSH session that breaks off hangs up; Windows knows no such thing.
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _on_terminate)
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
    """Prints the document (or the list of probes), or runs the loop, and gives the exit code."""
    if words[:1] == ["loop"]:
        return _run_loop(_build_loop_parser().parse_args(words[1:]))
    options = _build_parser().parse_args(words)
    if options.list:
        for name, module in PROBES.items():
            print("{:<14}{}".format(name, module.TITLE))
        return 0
    try:
        config = _read_config(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 3
    if options.interval:
        config = config._replace(interval_seconds=options.interval)
    return _print(measure_host(config, options.probe or list(PROBES)), options)


def _read_config(options: Any) -> Config:
    config = load_config(path_of(options.config)) if options.config else Config()
    return config._replace(is_light=True) if options.light else config


def _print(made: Any, options: Any) -> int:
    if options.format == "prometheus" or options.prometheus:
        # Late: a patrol does not need it.
        from eduops_agent import prometheus
    sys.stdout.write(
        prometheus.render_metrics(made) if options.format == "prometheus" else render_document(made)
    )
    if options.prometheus and not prometheus.write_metrics(path_of(options.prometheus), made):
        print("不能写入指标文件 {}".format(options.prometheus), file=sys.stderr)
        return _CANNOT_WRITE
    return 0


def _run_loop(options: Any) -> int:
    from eduops_agent.loop import LoopOptions, run_loop

    try:
        config = _read_config(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 3
    metrics = path_of(options.prometheus) if options.prometheus else None
    names = options.probe or list(PROBES)
    return run_loop(
        config, LoopOptions(options.interval, path_of(options.spool), options.spool_bytes, names, metrics)
    )


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
    _add_common(options)
    seconds = _seconds_within("采样间隔", *INTERVAL_RANGE)
    options.add_argument("--interval", metavar="秒", type=seconds, help="采样间隔（默认 1 秒）")
    options.add_argument(
        "--format",
        metavar="格式",
        choices=("json", "prometheus"),
        default="json",
        help="json（默认）或 prometheus：打印 Prometheus 文本格式的指标",
    )
    options.add_argument("--list", action="store_true", help="列出全部探针")
    options.add_argument("--version", action="version", version=__version__, help="显示版本")
    return parser


def _build_loop_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="eduops-agent loop",
        description="每隔一段时间测量本机一次，把文档存进缓存目录等待取走。给没有 cron 的主机用。",
        epilog=_LOOP_EXAMPLE,
        formatter_class=_Formatter,
        add_help=False,
        allow_abbrev=False,
    )
    options = parser.add_argument_group("选项")
    _add_common(options)
    seconds = _seconds_within("巡检间隔", *_LOOP_RANGE)
    options.add_argument(
        "--interval", metavar="秒", type=seconds, default=300.0, help="每隔多少秒巡检一次（默认 300）"
    )
    options.add_argument("--spool", metavar="目录", required=True, help="存放文档的缓存目录，没有则建立")
    options.add_argument(
        "--spool-bytes",
        metavar="字节",
        type=_spool_bytes,
        default=_SPOOL_BYTES,
        help="缓存中的文档最多占多少字节（默认 {}）".format(_SPOOL_BYTES),
    )
    return parser


def _add_common(options: Any) -> None:
    options.add_argument("--config", metavar="文件", help="JSON 配置文件")
    options.add_argument(
        "--probe", metavar="名称", action="append", type=_probe, help="只运行这个探针，可重复"
    )
    options.add_argument("--light", action="store_true", help="考试期间用：不做重负载检查，文档中注明")
    options.add_argument(
        "--prometheus", metavar="文件", help="同时把指标写入这个文件（node_exporter textfile 格式）"
    )
    options.add_argument("-h", "--help", action="help", help="显示这段说明")


def _probe(word: str) -> str:
    if word not in PROBES:
        raise argparse.ArgumentTypeError("没有名为 {} 的探针，可用的有 {}".format(word, "、".join(PROBES)))
    return word


def _seconds_within(title: str, low: float, high: float) -> Callable[[str], float]:
    """How an option's number of seconds is read."""

    def read(word: str) -> float:
        try:
            seconds = float(word)
        except ValueError:
            seconds = 0.0
        if not low <= seconds <= high:
            raise argparse.ArgumentTypeError(
                "{}应为 {:g} 到 {:g} 秒，而不是 {}".format(title, low, high, word)
            )
        return seconds

    return read


def _spool_bytes(word: str) -> int:
    if not word.isdigit() or int(word) < _SMALLEST_SPOOL_BYTES:
        raise argparse.ArgumentTypeError("缓存上限应为不小于 {} 的整数".format(_SMALLEST_SPOOL_BYTES))
    return int(word)


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
