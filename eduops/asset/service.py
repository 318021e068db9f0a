"""What we do with hosts: add, retire."""

from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session

from eduops.asset import queries, rules
from eduops.asset.models import Host
from eduops.core.errors import Conflict


def add_host(session: Session, new: rules.NewHost, *, now: datetime) -> Host:
    """The host as it is kept. Raises InputError for what cannot be, Conflict where the code or this machine is taken."""
    rules.check_new_host(new)
    if queries.find_host(session, new.code) is not None:
        raise Conflict(
            f"主机代码 {new.code} 已经用过", hint="换一个代码；停用的主机也保留其代码，以免历史混淆"
        )
    if rules.is_local(new.address):
        _refuse_second_local(session)
    host = Host(**asdict(new), added_at=now)
    session.add(host)
    session.flush()
    return host


def _refuse_second_local(session: Session) -> None:
    taken = queries.list_local_hosts(session)
    if taken:
        raise Conflict(
            f"本机（地址 local）已经登记为主机 {taken[0].code}",
            hint=f"若登记有误，先 eduops host retire {taken[0].code}；若是另一台机器，写它的 IP 地址或主机名",
        )


def retire_host(session: Session, code: str, *, now: datetime) -> Host:
    """The host, no longer under care; its history stays. Raises NotFound, or Conflict where it was retired before."""
    host = queries.get_host(session, code)
    if host.retired_at is not None:
        raise Conflict(f"主机 {code} 早已停用", hint=f"运行 eduops host show {code} 查看停用时间")
    host.retired_at = now
    session.add(host)
    session.flush()
    return host
