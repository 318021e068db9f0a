"""A bastion and a host behind it: two real SSH servers, their keys trusted in an invented home."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from servers import sshd

from eduops.remote.configuration import RemoteConfig
from eduops.remote.gateway import Gateway
from eduops.remote.route import Route, find_route


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.Network]:
    with sshd.network(tmp_path_factory.mktemp("ssh")) as made:
        yield made


@dataclass
class Far:
    """What a test begins with: a home whose remote.yaml and known_hosts know both servers."""

    home: Path
    network: sshd.Network
    settings: dict[str, dict[str, object]]

    @property
    def known_hosts(self) -> Path:
        return self.home / "known_hosts"

    def route(self, code: str = "app-1", bastion: str | None = "main") -> Route:
        config = RemoteConfig.model_validate(self.settings)
        return find_route(config, code=code, address="127.0.0.1", bastion=bastion, home=self.home)

    @contextmanager
    def gateway(self) -> Iterator[Gateway]:
        opened = Gateway(self.known_hosts)
        try:
            yield opened
        finally:
            opened.close()

    def with_host(self, **settings: object) -> "Far":
        own = {**self.settings["hosts"]["app-1"], **settings}  # type: ignore[dict-item]
        return replace(self, settings={**self.settings, "hosts": {"app-1": own}})


@pytest.fixture
def far(network: sshd.Network, tmp_path: Path) -> Far:
    home = tmp_path / "home"
    home.mkdir()
    made = Far(
        home,
        network,
        {
            "defaults": {"user": sshd.USER, "key_file": str(network.key), "connect_seconds": 5},
            "bastions": {"main": {"address": "127.0.0.1", "port": network.bastion.port}},
            "hosts": {"app-1": {"port": network.host.port}},
        },
    )
    known = zip(made.route().hops, (network.bastion, network.host), strict=True)
    made.known_hosts.write_text("".join(f"{hop.key_name} {server.known_line}\n" for hop, server in known))
    return made
