"""A real OpenSSH server on loopback, run by whoever runs the tests and letting in that account alone, by key."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

USER = pwd.getpwuid(os.getuid()).pw_name
# One machine that three hosts of a home can be: no two of them may have the same address.
ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
_SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
# As root, sshd wants this folder for the part of it that has no rights.
_PRIVILEGE_SEPARATION = Path("/run/sshd")


def find_program() -> str | None:
    """sshd itself; None where it is not installed."""
    return shutil.which("sshd", path=_SEARCHED)


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    address = "127.0.0.1"

    @property
    def known_line(self) -> str:
        """Kind and key, as known_hosts has them."""
        return " ".join((self.folder / "host_key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        shown = subprocess.run(
            ["ssh-keygen", "-lf", self.folder / "host_key.pub"], check=True, capture_output=True, text=True
        )
        return shown.stdout.split()[1]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def end_sessions(self) -> None:
        """Cuts every connection as a broken line would; the server itself stays, and so do the sessions' programs."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,comm="], check=True, capture_output=True, text=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        parents = {self.process.pid}
        # A connection may be one process of sshd's or two, one in the other.
        for _generation in range(2):
            parents |= {
                int(pid) for pid, parent, name in rows if name.startswith("sshd") and int(parent) in parents
            }
        for pid in parents - {self.process.pid}:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def make_key(path: Path, *, passphrase: str = "") -> Path:
    """A new key pair; gives the private half's path."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "invented", "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@contextmanager
def running(
    folder: Path, *, authorized: Path, options: Mapping[str, str] | None = None, environment: str = ""
) -> Iterator[Server]:
    """Starts a server that lets in the holder of `authorized`'s private half, yields it, stops it.

    `environment` is what a session finds in its environment: NAME=value, separated by spaces.
    """
    program = find_program()
    assert program, "sshd is not installed: `make test` installs it, or see .ci/setup-tests"
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(exist_ok=True)
    make_key(folder / "host_key")
    shutil.copyfile(f"{authorized}.pub", folder / "authorized_keys")
    port = find_port()
    config = folder / "sshd_config"
    config.write_text("".join(f"{line}\n" for line in _config(folder, port, options or {}, environment)))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    server = Server(folder, port, process)
    try:
        _wait(server)
        yield server
    finally:
        server.end_sessions()
        process.terminate()
        process.wait(10)


@dataclass(frozen=True)
class Network:
    """A bastion that lets nobody in but forwards, a host behind it, and the key that both know."""

    bastion: Server
    host: Server
    key: Path
    temporary: Path
    """Where programs on the host keep their temporary files."""

    def write_home(self, home: Path, *, more: str = "") -> None:
        """Writes remote.yaml and known_hosts: every host of this home is the one behind the bastion `main`.

        `more` stands after the bastions, such as settings of hosts.
        """
        home.joinpath("remote.yaml").write_text(
            f"defaults: {{user: {USER}, port: {self.host.port}, key_file: {self.key}, connect_seconds: 5}}\n"
            f"bastions: {{main: {{address: 127.0.0.1, port: {self.bastion.port}}}}}\n{more}"
        )
        bastion = f"[127.0.0.1]:{self.bastion.port}"
        hosts = (f"{bastion}/[{address}]:{self.host.port}" for address in ADDRESSES)
        lines = (
            f"{bastion} {self.bastion.known_line}",
            *(f"{each} {self.host.known_line}" for each in hosts),
        )
        home.joinpath("known_hosts").write_text("\n".join(lines) + "\n")


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """Starts both, yields them, stops them."""
    key, temporary = make_key(folder / "key"), folder / "temporary"
    temporary.mkdir()
    # No session at all may be opened on the bastion: only forwarding is left.
    with (
        running(folder / "bastion", authorized=key, options={"MaxSessions": "0"}) as bastion,
        running(folder / "host", authorized=key, environment=f"TMPDIR={temporary}") as host,
    ):
        yield Network(bastion, host, key, temporary)


def find_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _config(folder: Path, port: int, options: Mapping[str, str], environment: str) -> Iterator[str]:
    # The first value of a keyword counts.
    yield from (f"{name} {value}" for name, value in options.items())
    yield f"Port {port}"
    yield from (f"ListenAddress {address}" for address in ADDRESSES)
    yield f"HostKey {folder}/host_key"
    yield f"AuthorizedKeysFile {folder}/authorized_keys"
    yield "PidFile none"
    yield "UsePAM no"
    # The folders above ours may be anybody's.
    yield "StrictModes no"
    yield "PasswordAuthentication no"
    yield "KbdInteractiveAuthentication no"
    yield "PermitRootLogin prohibit-password"
    yield "LogLevel VERBOSE"
    yield "MaxStartups 100"
    # Said twice it is an error.
    if "Subsystem" not in options:
        yield "Subsystem sftp internal-sftp"
    if environment:
        yield f"SetEnv {environment}"


def _wait(server: Server) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection((server.address, server.port), timeout=1).close()
        except OSError as error:
            if server.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(server.log) from error
            time.sleep(0.02)
        else:
            return
