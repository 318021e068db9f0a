"""How a machine's own scheduler calls eduops: the program and the environment, which never holds a secret."""

import os
import pwd
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from eduops.core.errors import ConfigError
from eduops.core.home import Home

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LANG = "C.UTF-8"
_SECRETS = ("password", "sslpassword")
"""What a database's address may hold of secrets behind its question mark."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is called: `program` and its first words, under `environment`."""

    program: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    account: str
    """Who owns the home."""
    home: str
    left_out: tuple[str, ...] = ()
    """Why something of the environment is not written."""


def build_call(home: Home, environment: Mapping[str, str]) -> Call:
    """The call for this home, from the environment in which it is installed.

    Raises ConfigError for a home whose path a crontab or a unit cannot hold.
    """
    written = {"EDUOPS_HOME": str(home.path), "PATH": environment.get("PATH") or _PATH, "LANG": _LANG}
    left_out: list[str] = []
    if home.url:
        written["EDUOPS_DATABASE_URL"] = _without_password(home.url, left_out)
    if home.key_file:
        written["EDUOPS_KEY_FILE"] = str(home.key_file.absolute())
    if environment.get("EDUOPS_ACTOR", "").strip():
        written["EDUOPS_ACTOR"] = environment["EDUOPS_ACTOR"].strip()
    for name, value in written.items():
        if any(not letter.isprintable() for letter in value):
            raise ConfigError(f"{name} 的值里有换行等控制字符，不能写进计划任务", hint="改正后再运行")
    return Call(
        (sys.executable, "-m", "eduops"),
        tuple(written.items()),
        _find_owner(home),
        str(home.path),
        tuple(left_out),
    )


def _find_owner(home: Home) -> str:
    """Whose home it is: root may install what another account is to run."""
    owner = home.path.stat().st_uid if home.is_there else os.geteuid()
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _without_password(url: str, left_out: list[str]) -> str:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "EDUOPS_DATABASE_URL 不是可用的数据库地址", hint="写成 postgresql://用户@主机/库名"
        ) from error
    if parsed.password is not None or any(name in parsed.query for name in _SECRETS):
        left_out.append("数据库地址里的口令没有写入；请放在这个账号的 ~/.pgpass（权限 600）")
    if os.environ.get("PGPASSWORD"):
        left_out.append("PGPASSWORD 没有写入；请把口令放在这个账号的 ~/.pgpass（权限 600）")
    kept = {name: value for name, value in parsed.query.items() if name not in _SECRETS}
    plain = URL.create(
        parsed.drivername, parsed.username, None, parsed.host, parsed.port, parsed.database, query=kept
    )
    return plain.render_as_string(hide_password=False)
