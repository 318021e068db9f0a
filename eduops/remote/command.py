"""One command on a host: bounded in time and in what it may say."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko

from eduops.core.errors import OutsideError
from eduops.remote.gateway import Session

_CHUNK_BYTES = 65_536
_LARGEST_STDERR_BYTES = 20_000
# The channel closed without a word about how the command ended: the connection was lost.
_NO_STATUS = -1


@dataclass(frozen=True, slots=True)
class Output:
    """How a command ended and what it said."""

    code: int
    stdout: bytes
    stderr: bytes


def run_command(
    session: Session,
    command: str,
    *,
    content: bytes = b"",
    seconds: float,
    largest_bytes: int,
    when_sent: Callable[[], None] = lambda: None,
) -> Output:
    """Runs a shell command and gives it `content` to read; its standard input stays open until it has ended.

    `when_sent` is called once all of it has been taken. Raises OutsideError where the connection is lost, time is up
    or more than `largest_bytes` are printed; the channel is then closed, by which the command can tell.
    """
    until = time.monotonic() + seconds
    channel = None
    try:
        channel = _open(session, until)
        channel.exec_command(command)
        _send(channel, content, until)
        when_sent()
        stdout = _read(channel, channel.recv, until, largest_bytes)
        stderr = _read(channel, channel.recv_stderr, until, _LARGEST_STDERR_BYTES)
        channel.status_event.wait(_left(until))
        if channel.exit_status == _NO_STATUS:
            raise EOFError
        return Output(channel.exit_status, stdout, stderr)
    except TimeoutError as error:
        raise _outside(
            session, f"：{seconds:g} 秒内没有做完，已中止", "查看该主机的负载和挂载点，或加大 overall_seconds"
        ) from error
    except OverflowError as error:
        raise _outside(
            session, f"：输出超过 {largest_bytes} 字节，已中止", "查看该主机登录时是否打印大量文字"
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _outside(session, "的连接中途断开", "查看网络和堡垒机，然后重新运行") from error
    finally:
        if channel is not None:
            channel.close()


def _open(session: Session, until: float) -> paramiko.Channel:
    transport = session.client.get_transport()
    if transport is None:
        raise EOFError
    return transport.open_session(timeout=_left(until))


def _send(channel: paramiko.Channel, content: bytes, until: float) -> None:
    rest = memoryview(content)
    while rest:
        channel.settimeout(_left(until))
        try:
            rest = rest[channel.send(rest[:_CHUNK_BYTES]) :]
        except TimeoutError:
            raise
        except OSError:
            # It ended without reading everything; what it says will tell why.
            return


def _read(
    channel: paramiko.Channel, receive: Callable[[int], bytes], until: float, largest_bytes: int
) -> bytes:
    found = bytearray()
    while True:
        channel.settimeout(_left(until))
        chunk = receive(_CHUNK_BYTES)
        if not chunk:
            return bytes(found)
        found += chunk
        if len(found) > largest_bytes:
            raise OverflowError


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _outside(session: Session, what: str, hint: str) -> OutsideError:
    return OutsideError(f"{session.hop.title}{what}", hint=hint, source=session.hop.title)
