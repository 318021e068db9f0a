"""Far hosts as they are typed: run at once, trusted, pulled from, pasted back, quarantined."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patrol.healthy_document import GOLDEN, build_healthy, sign
from servers import sshd

from eduops.core import clock
from eduops.core.errors import Conflict, InputError
from eduops.core.shipped import find_shipped
from eduops.patrol import paste_request, push_wheel, spool_quarantine

QUICK = {"interval_seconds": 0.1}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Network]:
    with sshd.network(tmp_path_factory.mktemp("ssh")) as made:
        yield made


@pytest.fixture
def hosts(typed, home) -> list[str]:
    """Three hosts behind the bastion, all of them the one that there is."""
    codes = ["app-1", "app-2", "app-3"]
    for code, address in zip(codes, sshd.ADDRESSES, strict=True):
        words = ("--name", "应用（虚构）", "--address", address, "--bastion", "main", "--invented")
        assert typed("host", "add", code, *words).code == 0
    write_agents(home, dict.fromkeys(codes, QUICK))
    return codes


def write_agents(home: Path, agents: dict[str, dict[str, float]]) -> None:
    shipped = find_shipped("configs", "patrol.yaml").read_text(encoding="utf-8")
    assert "agents: {}" in shipped
    (home / "patrol.yaml").write_text(shipped.replace("agents: {}", f"agents: {json.dumps(agents)}"))


def list_runs(typed) -> list[dict[str, object]]:
    return sorted(typed("patrol", "list", "--json").json(), key=lambda run: run["host"])


@pytest.mark.server
@pytest.mark.needs("sshd")
class TestRun:
    def test_many_hosts_are_measured_at_once_each_with_its_own_run(self, typed, hosts, home, network):
        network.write_home(home)
        said = typed("patrol", "run", "--all", "--at-once", "2", "--json")
        rows = said.json()
        assert [row["host"] for row in rows] == hosts, said.err
        assert all(row["state"] for row in rows)
        assert said.code == (0 if all(row["state"] == "normal" for row in rows) else 1)
        assert sorted(said.err.splitlines())[0].startswith("[1/3] app-")
        assert [run["state_text"] for run in list_runs(typed)] == [row["state_text"] for row in rows]

    def test_one_machine_under_two_codes_is_normal_under_neither(self, typed, hosts, home, network):
        network.write_home(home)
        assert typed("patrol", "run", "app-1").code in (0, 1)
        said = typed("patrol", "run", "app-2", "--json")
        assert said.code == 1
        run = said.json()
        (check,) = [check for check in run["checks"] if check["metric"] == "machine"]
        assert (check["state"], check["item"]) == ("cannot_tell", "app-1")
        assert run["state"] != "normal"
        assert "机器标识与主机 app-1" in typed("patrol", "show", run["ref"]).out

    def test_one_far_host_is_shown_as_this_machine_is(self, typed, hosts, home, network):
        network.write_home(home)
        run = typed("patrol", "run", "app-2", "--json").json()
        assert run["host"] == "app-2"
        assert {"cpu_percent", "memory_percent"} <= {check["metric"] for check in run["checks"]}

    def test_dead_host_is_told_and_holds_up_no_other(self, typed, hosts, home, network):
        network.write_home(home, more=f"hosts: {{app-2: {{port: {sshd.find_port()}}}}}\n")
        said = typed("patrol", "run", *hosts, "--json")
        assert said.code == 5
        states = {row["host"]: (bool(row["state"]), row["failure"]) for row in said.json()}
        assert states["app-1"][0]
        assert states["app-3"][0]
        assert not states["app-2"][0]
        assert "连不上主机 app-2" in str(states["app-2"][1])
        shown = typed("patrol", "run", *hosts)
        assert "失败" in shown.out + shown.err

    def test_interrupted_round_keeps_what_was_finished_and_tells_the_rest(self, typed, hosts, home, network):
        network.write_home(home)
        write_agents(home, {"app-1": QUICK, "app-2": QUICK, "app-3": {"interval_seconds": 30}})
        command = [sys.executable, "-m", "eduops", "patrol", "run", "--all"]
        running = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        try:
            until = time.monotonic() + 60
            while sum(run["state"] is not None for run in list_runs(typed)) < 2:
                assert time.monotonic() < until
                time.sleep(0.2)
            os.killpg(running.pid, signal.SIGINT)
            _, said = running.communicate(timeout=30)
        finally:
            running.kill()
        assert running.returncode == 130
        assert b"Traceback" not in said
        runs = list_runs(typed)
        assert [bool(run["state"]) for run in runs] == [True, True, False]
        assert "中止" in str(runs[2]["failure"])
        assert list(network.temporary.iterdir()) == [] or wait_until_empty(network.temporary)

    def test_untrusted_host_is_refused_until_its_fingerprints_were_compared(
        self, typed, hosts, home, network
    ):
        network.write_home(home)
        (home / "known_hosts").unlink()
        assert "还没有登记" in typed("patrol", "run", "app-1").err
        said = typed("patrol", "trust", "app-1")
        assert said.code == 2
        assert network.bastion.fingerprint in said.err
        assert not (home / "known_hosts").exists()
        given = ("--fingerprint", network.bastion.fingerprint, "--fingerprint", network.host.fingerprint)
        rows = typed("patrol", "trust", "app-1", *given, "--json").json()
        assert [row["action"] for row in rows] == ["trust", "trust"]
        again = typed("patrol", "trust", "app-1", "--json").json()
        assert [row["action"] for row in again] == ["known", "known"]
        assert typed("patrol", "run", "app-1").code in (0, 1)
        entries = typed("audit", "list", "--json").json()
        assert any(network.host.fingerprint in json.dumps(entry) for entry in entries)

    def test_spool_is_pulled_once_and_what_is_bad_is_quarantined(self, typed, hosts, home, network, tmp_path):
        spool = tmp_path / "spool"
        spool.mkdir()
        (spool / "patrol-20260305T034000000Z.json").write_bytes(sign(build_healthy()))
        (spool / "patrol-20260305T035000000Z.json").write_bytes(GOLDEN.read_bytes()[:700])
        (spool / "losses.json").write_text("{}")
        network.write_home(home, more=f"hosts: {{app-1: {{spool: {spool}}}}}\n")
        said = typed("patrol", "pull", "app-1", "--json")
        assert said.code == 1
        assert [row["fate"] for row in said.json()] == ["taken", "refused"]
        again = typed("patrol", "pull", "app-1", "--remove", "--json").json()
        assert [row["fate"] for row in again] == ["known", "refused"]
        left = sorted(path.name for path in spool.iterdir())
        assert left == ["losses.json", "patrol-20260305T035000000Z.json"]
        assert len(list_runs(typed)) == 1
        (refused,) = typed("patrol", "quarantine", "list", "--json").json()
        assert refused["host"] == "app-1"
        assert "JSON" in refused["reason"]
        assert "截断" in typed("patrol", "quarantine", "show", refused["number"]).out
        assert typed("patrol", "quarantine", "drop", refused["number"], "--dry-run").code == 0
        assert typed("patrol", "quarantine", "drop", refused["number"], "--yes").code == 0
        assert typed("patrol", "quarantine", "list", "--json").json() == []
        assert typed("patrol", "quarantine", "show", refused["number"]).code == 4

    def test_document_of_another_machine_over_ssh_is_quarantined(self, typed, hosts, home, network):
        network.write_home(home)
        file = home / "app-1.json"
        file.write_bytes(GOLDEN.read_bytes())
        assert typed("patrol", "ingest", str(file), "--host", "app-1").code == 1
        said = typed("patrol", "run", "app-1")
        assert said.code == 4
        assert "另一台机器" in said.err
        (refused,) = typed("patrol", "quarantine", "list", "--json").json()
        assert "另一台机器" in refused["reason"]
        assert refused["number"] in str(list_runs(typed)[-1]["failure"]) + str(list_runs(typed)[0]["failure"])


def wait_until_empty(folder: Path) -> bool:
    until = time.monotonic() + 10
    while list(folder.iterdir()) and time.monotonic() < until:
        time.sleep(0.1)
    return not list(folder.iterdir())


def give(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def run_script(text: str) -> bytes:
    return subprocess.run(["sh", "-c", text], capture_output=True, check=True).stdout


def test_script_is_printed_and_its_answer_taken_in_once(typed, hosts, monkeypatch):
    monkeypatch.delenv("EDUOPS_NOW")
    text = typed("patrol", "script", "app-1").out
    answer = run_script(text)
    give(monkeypatch, b"[ops@app-1 ~]$ " + text.encode() + answer.replace(b"\n", b"\r\n"))
    assert typed("patrol", "ingest", "-", "--dry-run").code in (0, 1)
    give(monkeypatch, answer)
    said = typed("patrol", "ingest", "-", "--json")
    run = said.json()
    assert (run["host"], run["is_ingested"], run["agent_version"]) == ("app-1", True, "script-1")
    give(monkeypatch, answer)
    again = typed("patrol", "ingest", "-")
    assert again.code == 4
    assert "已经收入过" in again.err
    assert len(list_runs(typed)) == 1


def test_answer_of_another_host_or_an_older_script_is_refused(typed, hosts, monkeypatch):
    monkeypatch.delenv("EDUOPS_NOW")
    answer = run_script(typed("patrol", "script", "app-1").out)
    give(monkeypatch, answer)
    said = typed("patrol", "ingest", "-", "--host", "app-2")
    assert said.code == 4
    assert "主机 app-1 的输出" in said.err
    assert typed("patrol", "script", "app-1").code == 0
    give(monkeypatch, answer)
    assert "最近一次" in typed("patrol", "ingest", "-").err
    assert list_runs(typed) == []


def test_garbled_answer_names_its_lines_and_writes_nothing(typed, hosts, monkeypatch):
    lines = run_script(typed("patrol", "script", "app-1").out).splitlines()
    give(monkeypatch, b"\n".join(line for line in lines if b":0004:" not in line))
    said = typed("patrol", "ingest", "-")
    assert said.code == 3
    assert "缺少第 4 行" in said.err
    assert list_runs(typed) == []


def test_document_without_a_host_is_asked_for_it(typed, hosts):
    assert typed("patrol", "ingest", str(GOLDEN)).code == 2


def test_request_belongs_to_one_host(tmp_path):
    paste_request.open_request(tmp_path, "app-1", "abcdefghij")
    paste_request.check_request(tmp_path, "app-1", "abcdefghij")
    with pytest.raises(Exception, match="app-2"):
        paste_request.check_request(tmp_path, "app-2", "abcdefghij")


def test_hosts_and_all_contradict_each_other(typed, hosts):
    assert typed("patrol", "run", "app-1", "--all").code == 2
    assert typed("patrol", "pull", "app-1").code == 3, "no spool is named"
    assert typed("host", "retire", "app-3", "--yes").code == 0
    assert typed("patrol", "run", "app-3").code == 4


def test_wheels_are_listed_and_a_wrong_one_is_refused(typed, home, tmp_path):
    rows = typed("patrol", "wheels", "list", "--json").json()
    assert [row["machine"] for row in rows] == [
        found.machine for found in push_wheel.find_all(home / "wheels")
    ]
    wrong = tmp_path / "psutil-7.2.2-cp312-cp312-win_amd64.whl"
    wrong.write_bytes(b"")
    assert typed("patrol", "wheels", "add", str(wrong)).code == 3
    broken = tmp_path / "psutil-7.2.2-cp36-abi3-manylinux2014_aarch64.whl"
    broken.write_bytes(b"PK")
    said = typed("patrol", "wheels", "add", str(broken))
    assert said.code == 3
    assert "不是完整的安装包" in said.err


def test_one_address_under_two_codes_is_refused_until_they_have_ports_of_their_own(typed, home):
    words = ("--name", "应用（虚构）", "--address", "10.66.0.11", "--bastion", "main", "--invented")
    assert typed("host", "add", "app-1", *words).code == 0
    said = typed("host", "add", "app-2", *words)
    assert said.code == 4
    assert "10.66.0.11 端口 22，经堡垒机 main 已经登记为主机 app-1" in said.err
    assert "hosts.主机代码.port" in said.err
    (home / "remote.yaml").write_text(
        "bastions: {main: {address: 10.66.0.1}}\nhosts: {app-2: {port: 2022}}\n"
    )
    assert typed("host", "add", "app-2", *words).code == 0
    (home / "remote.yaml").write_text("bastions: {main: {address: 10.66.0.1}}\n")
    assert typed("host", "change", "app-2", "--name", "还是它").code == 0
    assert typed("host", "add", "app-3", "--name", "虚构", "--address", "$(id)").code == 2


class TestDamagedSpool:
    @pytest.fixture
    def folder(self, home) -> Path:
        """A quarantine with one whole entry and every kind of damage."""
        folder = home / "spool" / "quarantine"
        for host in ("app-1", "app-2"):
            error = InputError("校验和不符", hint="重新传送")
            spool_quarantine.keep(
                home / "spool", b"{}", host=host, source="虚构", error=error, now=clock.now()
            )
        whole = json.loads(next(folder.glob("*.json")).read_text())
        (folder / "aaaa0.json").write_text("{")
        (folder / "aaaa1.json").write_text(json.dumps({"number": "aaaa1"}))
        (folder / "aaaa2.json").write_bytes(b"\xff\xfe")
        (folder / "aaaa3.json").mkdir()
        (folder / "aaaa4.json").symlink_to("/nowhere")
        (folder / "aaaa5.json").write_text(json.dumps({**whole, "number": "aaaa5", "refused_at": "gestern"}))
        (folder / "aaaa6.json").write_text(json.dumps({**whole, "number": "aaaa6", "size_bytes": "9"}))
        (folder / "aaaa7.json").write_text("[" * 100_000)
        (folder / "aaaa8.document").write_text("{}")
        (folder / "b b.json").write_text("{}")
        os.mkfifo(folder / "aaaa9.json")
        return folder

    def test_each_damaged_file_is_a_line_and_the_others_go_on(self, typed, folder):
        said = typed("patrol", "quarantine", "list", "--json")
        assert said.code == 0, said.err
        rows = said.json()
        assert sorted(row["host"] for row in rows if row["host"]) == ["app-1", "app-2"]
        damaged = {row["number"]: row["reason"] for row in rows if not row["host"]}
        assert sorted(damaged, key=str) == [None, *(f"aaaa{number}" for number in range(10))]
        for number, reason in damaged.items():
            assert f"{folder}/" in reason, number
            assert "已损坏" in reason
        reasons = (
            *("不是完整的 JSON", "缺少应有的内容", "不是 UTF-8", "目录", "是链接", "缺少应有", "缺少应有"),
            *("不是完整的 JSON", "只剩文档原文", "aaaa9.json"),
        )
        for number, words in enumerate(reasons):
            assert words in damaged[f"aaaa{number}"]
        shown = typed("patrol", "quarantine", "list").out
        assert all(f"aaaa{number}" in shown for number in range(10))

    def test_same_bytes_of_two_hosts_have_two_numbers_each_shown_and_dropped_by_itself(self, typed, folder):
        rows = [row for row in typed("patrol", "quarantine", "list", "--json").json() if row["host"]]
        numbers = {row["host"]: row["number"] for row in rows}
        assert numbers["app-1"] != numbers["app-2"]
        assert typed("patrol", "quarantine", "show", numbers["app-1"], "--json").json()["host"] == "app-1"
        assert typed("patrol", "quarantine", "drop", numbers["app-1"], "--yes").code == 0
        assert typed("patrol", "quarantine", "show", numbers["app-2"], "--document").out.strip() == "{}"

    def test_damaged_one_is_shown_as_such_and_can_be_dropped(self, typed, folder):
        for number in (0, 1, 2, 4, 5, 8, 9):
            said = typed("patrol", "quarantine", "show", f"aaaa{number}")
            assert (said.code, "Traceback" in said.err, f"aaaa{number}.json" in said.err) == (3, False, True)
            assert typed("patrol", "quarantine", "drop", f"aaaa{number}", "--yes").code == 0
        left = typed("patrol", "quarantine", "drop", "aaaa3", "--yes")
        assert (left.code, "aaaa3.json" in left.err) == (3, True)
        for number in ("../../remote", "aaaa0", "", "x" * 300):
            assert typed("patrol", "quarantine", "show", number).code == 4

    @pytest.mark.parametrize("damage", ["{", "[]", '{"nonce": 3}', "{}", "\udcff"])
    def test_damaged_note_of_a_script_is_named_and_other_hosts_are_taken_in(
        self, typed, hosts, home, monkeypatch, damage
    ):
        monkeypatch.delenv("EDUOPS_NOW")
        answers = {code: run_script(typed("patrol", "script", code).out) for code in ("app-1", "app-2")}
        note = home / "spool" / "paste" / "app-1.json"
        note.write_bytes(damage.encode("utf-8", "surrogateescape"))
        give(monkeypatch, answers["app-1"])
        said = typed("patrol", "ingest", "-")
        assert (said.code, str(note) in said.err, "已损坏" in said.err) == (4, True, True)
        give(monkeypatch, answers["app-2"])
        assert typed("patrol", "ingest", "-").code in (0, 1)
        assert typed("patrol", "script", "app-1").code == 0, "a new script mends it"

    def test_note_that_is_a_folder_or_a_link_is_named(self, tmp_path):
        for damage in ("folder", "link"):
            path = tmp_path / damage / "paste" / "app-1.json"
            path.parent.mkdir(parents=True)
            path.mkdir() if damage == "folder" else path.symlink_to("/etc/passwd")
            with pytest.raises(Conflict, match=r"app-1\.json 已损坏") as caught:
                paste_request.check_request(tmp_path / damage, "app-1", "abcdefghij")
            assert "删去它" in caught.value.hint

    def test_quarantine_that_cannot_be_written_costs_the_document_only(self, tmp_path):
        (tmp_path / "quarantine").write_text("")
        error = InputError("校验和不符")
        said = spool_quarantine.keep_and_say(
            tmp_path, b"{}", host="app-1", source="虚构", error=error, now=clock.now()
        )
        assert said.startswith("没能隔离：不能写入")
