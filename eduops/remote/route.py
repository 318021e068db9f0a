"""By which hops a host is reached: pure, from remote.yaml and what is known of the host."""

from dataclasses import dataclass
from pathlib import Path

from eduops.core.errors import ConfigError
from eduops.remote.configuration import Bastion, Kind, Login, RemoteConfig

_CONNECT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret lies: a file, an environment variable, or nowhere."""

    file: Path | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """One machine to log in to. `title` names it in messages, `key_name` in known_hosts."""

    title: str
    key_name: str
    address: str
    port: int
    user: str
    key_file: Path | None
    passphrase: Secret
    password: Secret
    use_agent: bool
    connect_seconds: float


@dataclass(frozen=True, slots=True)
class Route:
    """The hops to a host, the outermost first; the last one speaks for the host itself."""

    code: str
    hops: tuple[Hop, ...]


def find_route(config: RemoteConfig, *, code: str, address: str, bastion: str | None, home: Path) -> Route:
    """The way to a host. Raises ConfigError for an unknown bastion or where no user is named."""
    chain = _chain(config, code, bastion)
    login = _merge(config.hosts.get(code, Login()), config.defaults)
    hops: list[Hop] = []
    for name, at in chain:
        is_door = at.kind is Kind.JUMPSERVER
        given = _merge(at, config.defaults)
        user = _user(given, f"bastions.{name}")
        if is_door:
            user = f"{user}@{_user(login, f'hosts.{code}')}@{address}"
        title = f"主机 {code}（经 JumpServer {name}）" if is_door else f"堡垒机 {name}"
        hops.append(_hop(given, title, at.address, user, home, hops))
    if not chain or chain[-1][1].kind is not Kind.JUMPSERVER:
        user = _user(login, f"hosts.{code}")
        hops.append(_hop(login, f"主机 {code}", address, user, home, hops))
    return Route(code, tuple(hops))


def find_bastion_route(config: RemoteConfig, name: str, *, home: Path) -> Route:
    """The way to a bastion itself, which then forwards. Raises ConfigError where no user is named for a hop."""
    hops: list[Hop] = []
    for each, at in _chain(config, name, name):
        given = _merge(at, config.defaults)
        user = _user(given, f"bastions.{each}")
        hops.append(_hop(given, f"堡垒机 {each}", at.address, user, home, hops))
    return Route(name, tuple(hops))


def _chain(config: RemoteConfig, code: str, name: str | None) -> list[tuple[str, Bastion]]:
    chain: list[tuple[str, Bastion]] = []
    while name is not None:
        if name not in config.bastions:
            raise ConfigError(
                f"主机 {code} 登记的堡垒机「{name}」不在 remote.yaml 里",
                hint=f"在数据目录的 remote.yaml 的 bastions 下写上 {name}，或改正主机的登记",
            )
        chain.insert(0, (name, config.bastions[name]))
        name = config.bastions[name].via
    return chain


def _merge(own: Login, defaults: Login) -> Login:
    # A key and its passphrase belong together: whoever names a way to log in leaves the default ways.
    ways = ("key_file", "passphrase_file", "passphrase_env", "password_file", "password_env", "use_agent")
    has_own_way = any(getattr(own, way) is not None for way in ways)
    kept = {
        name: getattr(own, name)
        if getattr(own, name) is not None or (has_own_way and name in ways)
        else getattr(defaults, name)
        for name in Login.model_fields
    }
    return Login(**kept)


def _user(login: Login, place: str) -> str:
    if login.user is None:
        raise ConfigError(
            f"remote.yaml 没有写登录用户：{place}.user 和 defaults.user 都是空的",
            hint="在数据目录的 remote.yaml 里写上 defaults.user；说明见 docs/patrol-remote.md",
        )
    return login.user


def _hop(login: Login, title: str, address: str, user: str, home: Path, before: list[Hop]) -> Hop:
    port = login.port or 22
    # Two networks may use the same private addresses: a key is known by the way to it, too.
    way = f"{before[-1].key_name}/" if before else ""
    return Hop(
        title=title,
        key_name=way + (address if port == 22 else f"[{address}]:{port}"),
        address=address,
        port=port,
        user=user,
        key_file=_in_home(login.key_file, home),
        passphrase=Secret(_in_home(login.passphrase_file, home), login.passphrase_env),
        password=Secret(_in_home(login.password_file, home), login.password_env),
        use_agent=bool(login.use_agent),
        connect_seconds=login.connect_seconds or _CONNECT_SECONDS,
    )


def _in_home(path: Path | None, home: Path) -> Path | None:
    return home / path.expanduser() if path is not None else None
