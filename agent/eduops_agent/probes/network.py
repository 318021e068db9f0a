"""Network: what each interface carried and lost, and who listens."""

import os
import socket
import struct
import time
from typing import Any, Dict, List, NamedTuple, Optional

from eduops_agent.context import Context, NotChecked, read_text
from eduops_agent.port_owner import find_owners

NAME = "network"
TITLE = "网络：流量、错包、丢包、监听端口、连接数"

_FIELDS = (
    "received_bytes",
    "received_packets",
    "received_errors",
    "received_dropped",
    "sent_bytes",
    "sent_packets",
    "sent_errors",
    "sent_dropped",
)
_TABLES = (
    ("tcp", "/proc/net/tcp"),
    ("tcp", "/proc/net/tcp6"),
    ("udp", "/proc/net/udp"),
    ("udp", "/proc/net/udp6"),
)
# Of include/net/tcp_states.h in Linux.
_STATES = {"01": "established", "06": "time_wait", "08": "close_wait", "0A": "listen"}
_UDP_BOUND = "07"

Counters = Dict[str, Dict[str, int]]


class Socket(NamedTuple):
    """A local end; `state` as /proc/net has it, `owner` the socket's inode or the process's name."""

    protocol: str
    address: str
    port: int
    state: str
    owner: str


def measure(context: Context) -> Dict[str, Any]:
    """Interfaces, listening sockets, connections by state. Raises NotChecked without /proc/net and psutil."""
    before = _read_counters(context)
    time.sleep(context.interval_seconds)
    after = _read_counters(context)
    sockets = _read_sockets(context)
    return {
        "interfaces": build_interfaces(before, after, context.interval_seconds),
        "listening": None if sockets is None else build_listening(sockets),
        "connections": None if sockets is None else build_connections(sockets),
    }


def parse_net_dev(text: str) -> Counters:
    """The interfaces of /proc/net/dev."""
    found: Counters = {}
    for line in text.splitlines()[2:]:
        name, _, rest = line.rpartition(":")
        values = [int(word) for word in rest.split()]
        # 0-3 and 8-11: bytes, packets, errors, drops; between them fifo, frame, compressed, multicast.
        found[name.strip()] = dict(zip(_FIELDS, values[0:4] + values[8:12]))
    return found


def parse_sockets(protocol: str, text: str) -> List[Socket]:
    """The sockets of /proc/net/tcp and its like: protocol, local address, port, state."""
    found = []
    for line in text.splitlines()[1:]:
        words = line.split()
        address, _, port = words[1].partition(":")
        inode = words[9] if len(words) > 9 else ""
        found.append(Socket(protocol, _parse_address(address), int(port, 16), words[3], inode))
    return found


def build_interfaces(before: Counters, after: Counters, seconds: float) -> List[Dict[str, Any]]:
    """Counters since boot, and what they grew by in a second of the interval. Those that never moved are left out."""
    rows = []
    for name in sorted(after):
        if not any(after[name].values()):
            continue
        old = before.get(name, after[name])
        rates = {
            key + "_per_second": round(max(0, after[name][key] - old[key]) / seconds)
            for key in ("received_bytes", "sent_bytes")
        }
        rows.append(dict({"name": name}, **dict(after[name], **rates)))
    return rows


def build_listening(sockets: List[Socket]) -> List[Dict[str, Any]]:
    """What accepts connections (TCP) or datagrams (UDP), each once, with the name of its process where known."""
    wanted = {(found.protocol, found.port, found.address): "" for found in sockets if _is_listening(found)}
    for found in sockets:
        key = (found.protocol, found.port, found.address)
        if key in wanted and _is_listening(found) and not found.owner.isdigit():
            wanted[key] = wanted[key] or found.owner
    return [
        {
            "protocol": protocol,
            "address": address,
            "port": port,
            "process": wanted[protocol, port, address] or None,
        }
        for protocol, port, address in sorted(wanted)
    ]


def build_connections(sockets: List[Socket]) -> Dict[str, int]:
    """How many TCP connections are established, waiting out their time, or left open by a careless program."""
    states = [_STATES.get(found.state) for found in sockets if found.protocol == "tcp"]
    return {name: states.count(name) for name in ("established", "time_wait", "close_wait")}


def _parse_address(text: str) -> str:
    # The kernel prints each 32-bit word in the host's own byte order.
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack("={}I".format(len(words)), *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _read_counters(context: Context) -> Counters:
    if context.psutil is None:
        return parse_net_dev(read_text("/proc/net/dev"))
    return {
        name: dict(
            zip(
                _FIELDS,
                (io.bytes_recv, io.packets_recv, io.errin, io.dropin)
                + (io.bytes_sent, io.packets_sent, io.errout, io.dropout),
            )
        )
        for name, io in context.psutil.net_io_counters(pernic=True).items()
    }


def _is_listening(found: Socket) -> bool:
    return _STATES.get(found.state) == "listen" if found.protocol == "tcp" else found.state == _UDP_BOUND


def _read_sockets(context: Context) -> Optional[List[Socket]]:
    if context.psutil is not None and not os.path.exists(_TABLES[0][1]):
        return _ask_psutil(context.psutil)
    sockets = _read_tables()
    if sockets is None or context.is_light:
        return sockets
    names = find_owners(found.owner for found in sockets if _is_listening(found))
    return [found._replace(owner=names.get(found.owner, "")) for found in sockets]


def _ask_psutil(psutil: Any) -> Optional[List[Socket]]:
    states = {"ESTABLISHED": "01", "TIME_WAIT": "06", "CLOSE_WAIT": "08", "LISTEN": "0A", "NONE": _UDP_BOUND}
    names = {process.pid: process.info["name"] or "" for process in psutil.process_iter(["name"])}
    try:
        connections = psutil.net_connections(kind="inet")
    except psutil.AccessDenied:
        return None
    return [
        Socket(
            "tcp" if connection.type == socket.SOCK_STREAM else "udp",
            connection.laddr.ip,
            connection.laddr.port,
            states.get(connection.status, ""),
            names.get(connection.pid, ""),
        )
        for connection in connections
        if connection.laddr
    ]


def _read_tables() -> Optional[List[Socket]]:
    """None where no table can be read; a host without IPv6 just lacks two of them."""
    found: List[Socket] = []
    tables_read = 0
    for protocol, path in _TABLES:
        try:
            found += parse_sockets(protocol, read_text(path))
            tables_read += 1
        except NotChecked:
            continue
    return found if tables_read else None
