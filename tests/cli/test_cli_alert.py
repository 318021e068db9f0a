"""`eduops alert` as it is typed: a minute's tick, sending, what a refusal says, and no secret anywhere afterwards."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from conftest import Typed

KEY, SECRET = "url-key-55556666-invented", "SEC-signing-77778888-invented"


class Robot:
    """A 钉钉 robot on loopback that says what a test wants."""

    def __init__(self) -> None:
        self.said, self.status, self.seen = {"errcode": 0}, 200, []
        self.arrived, self.let_go = Event(), Event()
        self.let_go.set()
        robot = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                robot.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
                robot.arrived.set()
                robot.let_go.wait(20)
                body = json.dumps(robot.said).encode()
                self.send_response(robot.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(OSError):
                    super().handle()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/robot/send?access_token={KEY}"


@pytest.fixture
def robot(home: Path) -> Iterator[Robot]:
    """A robot, and a home whose alerts go to it."""
    found = Robot()
    for name, text in (("ding.url", found.url), ("ding.secret", SECRET)):
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    (home / "backup.yaml").write_text("sources: {home: {engine: home}}\n")  # nothing to tell of its age
    (home / "alert.yaml").write_text(
        "channels:\n"
        "  group: {kind: dingtalk, url_file: ding.url, secret_file: ding.secret, timeout_seconds: 4}\n"
        "routes: [{channels: [group]}]\n"
    )
    yield found
    found.let_go.set()
    found.server.shutdown()
    found.server.server_close()


def at(monkeypatch: pytest.MonkeyPatch, clock: str) -> None:
    monkeypatch.setenv("EDUOPS_NOW", f"2026-03-05T{clock}:00+08:00")


def open_ticket(typed: Typed, clock: str) -> None:
    words = ("--title", "打不开 13812345678（虚构）", "--department", "虚构科", "--at", clock)
    assert typed("ticket", "open", *words).code == 0


def test_a_minute_s_tick_tells_a_deadline_and_sends_it(typed: Typed, robot: Robot, monkeypatch) -> None:
    open_ticket(typed, "11:34")
    assert typed("alert", "tick", "--dry-run").out.startswith("预演 提示：【响应时限过半】")
    said = typed("alert", "tick", "--send")
    assert said.code == 0, said
    assert "MSG-2026-0001 提示：【响应时限过半】INC-2026-0001 打不开 138****5678（虚构）" in said.out
    assert "已送达" in said.out
    assert "138＊＊＊＊5678" in json.loads(robot.seen[0])["markdown"]["text"]
    assert typed("alert", "tick", "--send").out.startswith("没有新的提醒")
    at(monkeypatch, "12:16")
    told = typed("alert", "tick", "--json").json()
    assert [each["title"][:8] for each in told["messages"]] == ["【响应时限已过】", "【解决时限过半】"]
    assert typed("alert", "list", "--pending", "--json").json()[0]["deliveries"][0]["state"] == "pending"
    assert typed("alert", "send", "--json").json()[0]["state"] == "delivered"
    assert len(robot.seen) == 3


def test_a_waiting_ticket_is_left_in_peace(typed: Typed, robot: Robot, monkeypatch) -> None:
    open_ticket(typed, "11:40")
    words = ("--reason", "等机房开门", "--agreed-by", "张老师（虚构）", "--at", "11:45")
    assert typed("ticket", "wait", "INC-2026-0001", *words).code == 0
    at(monkeypatch, "16:00")
    assert typed("alert", "tick").out.startswith("MSG-2026-0001 提示：【书面方案时限过半】")
    assert typed("ticket", "go-on", "INC-2026-0001").code == 0
    at(monkeypatch, "16:26")
    assert "【响应时限已过】" in typed("alert", "tick").out


def test_what_does_not_arrive_is_said_kept_and_can_be_withdrawn(typed: Typed, robot: Robot) -> None:
    open_ticket(typed, "11:00")
    robot.said = {"errcode": 130101, "errmsg": "send too fast"}
    said = typed("alert", "tick", "--send")
    assert (said.code, "发得太快" in said.out) == (5, True)
    shown = typed("alert", "show", "MSG-2026-0001")
    assert "待发，不早于 2026-03-05 12:00" in shown.out and "发得太快" in shown.out
    assert typed("alert", "withdraw", "MSG-2026-0001", "--reason", "误报", "--dry-run").out.endswith(
        "（预演，未写入）\n"
    )
    assert typed("alert", "withdraw", "MSG-2026-0001", "--reason", "误报").code == 0
    assert typed("alert", "withdraw", "MSG-2026-0001", "--reason", "误报").code == 4
    assert typed("alert", "withdraw", "MSG-2026-0002", "--reason", " ").code == 2
    assert "已撤回（误报）" in typed("alert", "show", "MSG-2026-0001").out
    assert "步骤：撤回；理由：误报；渠道：group" in typed("audit", "list").out


def test_a_test_says_what_holds_and_whether_it_arrived(typed: Typed, robot: Robot) -> None:
    said = typed("alert", "test")
    assert said.code == 0
    assert "钉钉" in said.out and "已送达" in said.out
    robot.said = {"errcode": 310000, "errmsg": f"sign not match {KEY}"}
    said = typed("alert", "test", "group")
    assert said.code == 5
    assert "没有送达：group：对方没有接受（代码 310000）：安全设置不符" in said.err
    assert typed("alert", "send").out == "没有待发的提醒。\n"
    assert typed("alert", "test", "nowhere").code == 4
    assert len(typed("alert", "list", "--kind", "test", "--json").json()) == 2


def test_channels_say_where_secrets_lie_and_what_is_wrong_with_them(
    typed: Typed, robot: Robot, home: Path
) -> None:
    (row,) = typed("alert", "channels", "--json").json()["channels"]
    assert (row["fault"], row["secrets"]) == ("", ["文件 ding.url", "文件 ding.secret"])
    (home / "ding.url").chmod(0o644)
    said = typed("alert", "channels")
    assert "644" in said.out and KEY not in said.out
    assert typed("alert", "test").code == 5
    (home / "alert.yaml").write_text("channels: {group: {kind: dingtalk}}\n")
    said = typed("alert", "send")
    assert (said.code, "第 1 行" in said.err) == (3, True)


def test_a_fresh_home_is_told_that_it_has_no_backup(typed: Typed, home: Path) -> None:
    assert "严重：【没有备份】home" in typed("alert", "tick", "--send").out
    line = json.loads((home / "logs" / "alerts.jsonl").read_text())
    assert line["text"].endswith(
        "怎么办：运行 eduops backup run，没有成功的查明原因；用 eduops backup list 核对。"
    )


def test_words_that_are_none_are_refused(typed: Typed, robot: Robot) -> None:
    assert typed("alert", "list", "--kind", "weather").code == 2
    assert typed("alert", "tick", "--send", "--dry-run").code == 2
    assert typed("alert", "show", "MSG-2026-9999").code == 4
    assert typed("alert", "list").out == "没有提醒。\n"


def test_no_secret_is_left_anywhere_after_failures_of_every_kind(
    typed: Typed, robot: Robot, home: Path, monkeypatch
) -> None:
    monkeypatch.setenv("EDUOPS_DEBUG", "1")
    open_ticket(typed, "11:00")
    shown = []
    answers = [
        (200, {"errcode": 310000, "errmsg": f"{KEY} {SECRET}"}), (500, {"said": f"{KEY}{SECRET}"}), (200, [KEY]),
        (302, {}), (429, {"key": KEY}),
    ]  # fmt: skip
    for minute, (status, said) in enumerate(answers):
        robot.status, robot.said = status, said
        at(monkeypatch, f"{13 + minute}:00")
        for words in (("tick", "--send"), ("test",), ("list", "--json"), ("channels", "--json")):
            told = typed("alert", *words, debug=True)
            shown.append(told.out + told.err)
    robot.let_go.clear()
    shown.append(typed("alert", "test", debug=True).err)
    robot.server.server_close()
    shown.append(typed("alert", "test", debug=True).err)
    (home / "ding.url").write_text(f"https:// {KEY}")
    shown.append(typed("alert", "test", debug=True).err)
    shown.append(typed("alert", "show", "MSG-2026-0001", "--json").out)
    shown.append(typed("audit", "list", "--json").out)
    for path in home.rglob("*"):
        if path.is_file() and not path.name.startswith("ding."):
            shown.append(path.read_bytes().decode("latin-1"))
    assert any("没有送达" in text for text in shown)
    assert not [text for text in shown if KEY in text or SECRET in text]


def test_a_sender_killed_before_it_could_note_it_sends_once_more_and_says_so(
    typed: Typed, robot: Robot, home: Path, monkeypatch
) -> None:
    open_ticket(typed, "11:30")
    assert typed("alert", "tick").code == 0
    robot.let_go.clear()
    child = subprocess.Popen(
        [sys.executable, "-m", "eduops", "alert", "send"],
        env=os.environ | {"EDUOPS_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert robot.arrived.wait(30)
    child.send_signal(signal.SIGKILL)
    assert child.wait(10) == -signal.SIGKILL
    robot.let_go.set()
    time.sleep(0.05)
    assert typed("alert", "send", "--json").json()[0]["why"] == "另一个程序正在发送"
    at(monkeypatch, "12:01")
    assert typed("alert", "send", "--json").json()[0]["state"] == "delivered"
    assert len(robot.seen) == 2
    assert "可能收到两次" in json.loads(robot.seen[1])["markdown"]["text"]
    assert typed("alert", "send").out == "没有待发的提醒。\n"


def test_senders_killed_at_any_moment_lose_nothing_and_repeat_one_message_each_at_most(
    typed: Typed, robot: Robot, home: Path, monkeypatch
) -> None:
    for minute in range(20, 26):
        open_ticket(typed, f"11:{minute}")
    refs = {each["ref"] for each in typed("alert", "tick", "--json").json()["messages"]}
    assert len(refs) >= 6
    words = [sys.executable, "-m", "eduops", "alert", "send"]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    chance = random.Random(6)
    for attempt in range(6):
        at(monkeypatch, f"{12 + attempt}:00")
        robot.arrived.clear()
        child = subprocess.Popen(words, env=os.environ | {"EDUOPS_HOME": str(home)}, **silent)
        robot.arrived.wait(20)
        time.sleep(chance.uniform(0, 0.05))
        child.kill()
        child.wait(10)
    at(monkeypatch, "21:00")
    assert typed("alert", "send").code == 0
    rows = typed("alert", "list", "--json").json()
    assert {each["ref"] for each in rows} == refs
    assert {way["state"] for each in rows for way in each["deliveries"]} == {"delivered"}
    texts = [json.loads(body)["markdown"]["title"] for body in robot.seen]
    assert set(texts) == {each["title"] for each in rows}
    assert len(texts) <= len(refs) + 6
