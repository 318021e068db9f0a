"""Fifty hosts patrolled through one bastion, eight at a time, against the OpenSSH client doing the same.

Both sides bring the same packed agent to the same sshd on loopback, run the same command and read the document back,
each through one shared connection to the bastion: ours by `eduops patrol run --all` (program start, judging and
database included), OpenSSH's by `ssh` with a ControlMaster to the bastion and `ssh -W` through it for each host
(`ssh -J` would log in to the bastion fifty times; `--jump` measures that variant too). In turn, in the same run.

Leaves with 1 where the median of ours is more than 1.5 times that of OpenSSH. `--json` prints figures.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from servers import sshd

from eduops.patrol.push import build_bundle, build_command, pack_for
from eduops.patrol.push_wheel import find_all

HOSTS, AT_ONCE, ROUNDS, LIMIT_RATIO = 50, 8, 3, 1.5


def main() -> int:
    options = _parse()
    folder = Path(tempfile.mkdtemp(prefix="eduops-bench-"))
    try:
        with sshd.network(folder) as network:
            figures = _measure(network, folder, rounds=options.rounds, with_jump=options.jump)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ratio = figures["eduops_seconds"] / figures["openssh_seconds"]
    figures |= {"ratio": round(ratio, 2), "limit": LIMIT_RATIO}
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        print(f"{HOSTS} 台主机，{AT_ONCE} 台同时，经一台堡垒机，{options.rounds} 轮的中位数")
        for name in ("eduops_seconds", "openssh_seconds", "openssh_jump_seconds"):
            if name in figures:
                print(f"  {name:<22}{figures[name]:6.1f}")
        print(f"  ratio {ratio:.2f}（上限 {LIMIT_RATIO}），{figures['openssh_version']}")
    return int(ratio > LIMIT_RATIO)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="输出 JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="轮数")
    parser.add_argument("--jump", action="store_true", help="也量 ssh -J")
    return parser.parse_args()


def _measure(network: sshd.Network, folder: Path, *, rounds: int, with_jump: bool) -> dict[str, object]:
    home = _make_home(network, folder)
    config = _make_client_config(network, folder)
    content = pack_for(build_bundle(find_all(folder / "none")), {})
    ours, theirs, jumps = [], [], []
    for _ in range(rounds):
        ours.append(_run_eduops(home))
        theirs.append(_run_openssh(config, content, "shared"))
        if with_jump:
            jumps.append(_run_openssh(config, content, "jump"))
    version = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr.strip()
    figures: dict[str, object] = {
        "eduops_seconds": round(statistics.median(ours), 2),
        "openssh_seconds": round(statistics.median(theirs), 2),
        "openssh_version": version,
        "packed_bytes": len(content),
    }
    return figures | ({"openssh_jump_seconds": round(statistics.median(jumps), 2)} if jumps else {})


def _make_home(network: sshd.Network, folder: Path) -> Path:
    home = folder / "home"
    _eduops(home, "init")
    # One server stands for all of them; only while they are registered has each a port of its own.
    ports = ", ".join(f"app-{number}: {{port: {number + 1}}}" for number in range(HOSTS))
    network.write_home(home, more=f"hosts: {{{ports}}}\n")
    for number in range(HOSTS):
        words = ("--name", "主机（虚构）", "--address", "127.0.0.1", "--bastion", "main", "--invented")
        done = _eduops(home, "host", "add", f"app-{number}", *words)
        assert done.returncode == 0, done.stderr
    network.write_home(home)
    return home


def _eduops(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eduops", "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _run_eduops(home: Path) -> float:
    started = time.monotonic()
    done = _eduops(home, "patrol", "run", "--all", "--at-once", str(AT_ONCE), "--json")
    took = time.monotonic() - started
    rows = json.loads(done.stdout)
    assert len(rows) == HOSTS and all(row["state"] for row in rows), done.stderr[-2000:]
    return took


def _make_client_config(network: sshd.Network, folder: Path) -> Path:
    known, config = folder / "client_known_hosts", folder / "client_config"
    lines = (f"[127.0.0.1]:{server.port} {server.known_line}\n" for server in (network.bastion, network.host))
    known.write_text("".join(lines))
    common = (
        f"User {sshd.USER}\nIdentityFile {network.key}\nIdentitiesOnly yes\nUserKnownHostsFile {known}\n"
        "StrictHostKeyChecking yes\nBatchMode yes\nLogLevel ERROR\n"
    )
    control = f"{folder}/control"
    config.write_text(
        f"Host bastion\nHostName 127.0.0.1\nPort {network.bastion.port}\n"
        f"Host shared\nHostName 127.0.0.1\nPort {network.host.port}\n"
        f"ProxyCommand ssh -F {config} -S {control} -W %h:%p bastion\n"
        f"Host jump\nHostName 127.0.0.1\nPort {network.host.port}\nProxyJump bastion\n"
        f"Host *\n{common}"
    )
    return config


def _run_openssh(config: Path, content: bytes, name: str) -> float:
    control = config.with_name("control")
    started = time.monotonic()
    master = ["ssh", "-F", str(config), "-M", "-S", str(control), "-N", "-f", "bastion"]
    subprocess.run(master, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            documents = list(pool.map(lambda _: _ask(config, content, name), range(HOSTS)))
    finally:
        end = ["ssh", "-F", str(config), "-S", str(control), "-O", "exit", "bastion"]
        subprocess.run(end, check=True, stderr=subprocess.DEVNULL)
    took = time.monotonic() - started
    assert all(b'"checksum"' in document for document in documents)
    return took


def _ask(config: Path, content: bytes, name: str) -> bytes:
    command = ["ssh", "-F", str(config), name, build_command(len(content), seconds=120)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asking:
        assert asking.stdin is not None and asking.stdout is not None
        asking.stdin.write(content)
        asking.stdin.flush()
        # Its end would be taken for ours: it stays open until the answer is there.
        document = asking.stdout.read()
    assert os.WEXITSTATUS(asking.returncode) == 0
    return document


if __name__ == "__main__":
    sys.exit(main())
