"""Logging in to one machine, straight or through another one; whatever goes wrong names the hop."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import paramiko

from eduops.core.errors import ConfigError, OutsideError
from eduops.core.files import render_reason
from eduops.remote.known_host import ShownKey, describe_key, load_known
from eduops.remote.route import Hop
from eduops.remote.secret import load_key, read_secret

# Alive as long as both sides are; a firewall in between forgets silent connections.
_KEEPALIVE_SECONDS = 20
_PROHIBITED = 1

# paramiko's threads would print their tracebacks on stderr; what matters comes as an exception.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


class _UnknownKey(Exception):
    def __init__(self, key: paramiko.PKey) -> None:
        super().__init__()
        self.shown = describe_key(key)


class _Refuse(paramiko.RejectPolicy):  # type: ignore[misc]  # paramiko has no types
    """Refuses unknown keys as its parent does, and tells which key it was."""

    def missing_host_key(self, _client: paramiko.SSHClient, _name: str, key: paramiko.PKey) -> None:
        raise _UnknownKey(key)


def log_in(hop: Hop, known_hosts: Path, *, through: paramiko.SSHClient | None) -> paramiko.SSHClient:
    """A client that is logged in. Raises OutsideError naming the hop, ConfigError for our own side of it."""
    key, password = load_key(hop), read_secret(hop.password, hop=hop.title)
    if key is None and password is None and not hop.use_agent:
        raise ConfigError(
            f"{hop.title}：remote.yaml 没有写怎样登录", hint="写 key_file、use_agent: true 或 password_file"
        )
    client = paramiko.SSHClient()
    client.get_host_keys().update(load_known(known_hosts))
    client.set_missing_host_key_policy(_Refuse())
    stream = _open_stream(hop, through)
    try:
        # The name alone is for known_hosts, and port 22 keeps it as it is.
        client.connect(
            hop.key_name,
            username=hop.user,
            pkey=key,
            password=password,
            sock=stream,
            allow_agent=hop.use_agent,
            look_for_keys=False,
            timeout=hop.connect_seconds,
            banner_timeout=hop.connect_seconds,
            auth_timeout=hop.connect_seconds,
            channel_timeout=hop.connect_seconds,
        )
        _transport(client).set_keepalive(_KEEPALIVE_SECONDS)
    except Exception as error:
        client.close()
        stream.close()
        raise _explain(hop, error) from error
    return client


def fetch_key(hop: Hop, *, through: paramiko.SSHClient | None) -> ShownKey:
    """The key that a machine shows, without logging in. Raises OutsideError."""
    stream = _open_stream(hop, through)
    transport = None
    try:
        transport = paramiko.Transport(stream)
        transport.banner_timeout = hop.connect_seconds
        transport.start_client(timeout=hop.connect_seconds)
        return describe_key(transport.get_remote_server_key())
    except Exception as error:
        raise _explain(hop, error) from error
    finally:
        if transport is not None:
            transport.close()
        stream.close()


def _open_stream(hop: Hop, through: paramiko.SSHClient | None) -> "socket.socket | paramiko.Channel":
    try:
        if through is None:
            return socket.create_connection((hop.address, hop.port), timeout=hop.connect_seconds)
        channel = _transport(through).open_channel(
            "direct-tcpip", (hop.address, hop.port), ("127.0.0.1", 0), timeout=hop.connect_seconds
        )
        # Closed by a thread of paramiko's, whose traceback nobody could catch where the bastion went first.
        channel.close = partial(_close_quietly, channel.close)
        return channel
    except Exception as error:
        raise _explain(hop, error) from error


def _close_quietly(close: Callable[[], None]) -> None:
    with suppress(Exception):
        close()


def _transport(client: paramiko.SSHClient) -> paramiko.Transport:
    found = client.get_transport()
    if found is None or not found.is_active():
        raise paramiko.SSHException("connection lost")
    return found


def _explain(hop: Hop, error: Exception) -> Exception:
    where = f"{hop.title}（{hop.address}:{hop.port}）"
    match error:
        case _UnknownKey():
            return _refuse_key(
                hop, f"{where}的主机密钥还没有登记：{error.shown.kind} {error.shown.fingerprint}"
            )
        case paramiko.BadHostKeyException():
            shown, known = describe_key(error.key), describe_key(error.expected_key)
            change = f"登记的是 {known.kind} {known.fingerprint}，现在是 {shown.kind} {shown.fingerprint}"
            return _refuse_key(hop, f"{where}的主机密钥变了：{change}")
        case paramiko.AuthenticationException():
            return _outside(
                hop, f"{where}拒绝登录：不接受用户 {hop.user} 的密钥或口令", "核对用户、密钥和对方的授权"
            )
        case paramiko.ChannelException() if error.code == _PROHIBITED:
            return _outside(
                hop, f"前一跳不允许转到{where}", "请堡垒机管理员放开 TCP 转发，或改用 eduops patrol script"
            )
        case paramiko.ChannelException():
            return _outside(hop, f"经前一跳连不上{where}", "确认主机已开机、SSH 服务在运行、防火墙放行")
        case TimeoutError():
            return _outside(hop, f"{where} {hop.connect_seconds:g} 秒内没有应答", "确认地址、网络和主机状态")
        case socket.gaierror():
            return _outside(hop, f"{where}的地址解析不了", "核对主机登记或 remote.yaml 里的地址")
        case OSError():
            return _outside(
                hop, f"连不上{where}：{_reason(error)}", "确认主机已开机、SSH 服务在运行、防火墙放行"
            )
        case _:
            words = str(error)[:200] or type(error).__name__
            return _outside(hop, f"{where}没有完成 SSH 握手：{words}", "确认对方是 SSH 服务且没有限制连接数")


def _reason(error: OSError) -> str:
    reasons = {111: "连接被拒绝", 113: "没有到主机的路由", 101: "网络不可达", 104: "连接被对方断开"}
    return reasons.get(error.errno or 0) or render_reason(error)


def _refuse_key(hop: Hop, message: str) -> OutsideError:
    return _outside(
        hop,
        message,
        "向管理员核对指纹（在那台机器上运行 ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub），"
        "一致后运行 eduops patrol trust 主机代码",
    )


def _outside(hop: Hop, message: str, hint: str) -> OutsideError:
    return OutsideError(message, hint=hint, source=hop.title)
