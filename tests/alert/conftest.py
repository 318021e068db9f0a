"""What tests of alerts share: a letter, outlets with their secrets in files, an authority."""

from pathlib import Path
from typing import Any

import alert_certificate
import pytest
from alert_case import SENT_AT, MakeOutlet, write_closed

from eduops.alert.configuration import Channel, Proxy
from eduops.alert.sender.letter import Letter, Outlet


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> alert_certificate.Authority:
    return alert_certificate.found(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def letter() -> Letter:
    return Letter(
        ref="MSG-2026-0001", kind="deadline", severity="critical", subject="INC-2026-0001",
        title="【响应时限已过】INC-2026-0001 考试页面打不开（虚构）",
        text="【响应时限已过】INC-2026-0001 考试页面打不开（虚构）\n\n已超时 12 分钟。",
        created_at=SENT_AT, sent_at=SENT_AT,
    )  # fmt: skip


@pytest.fixture
def outlet(tmp_path: Path) -> MakeOutlet:
    """Makes an outlet whose address (and secret, where one is wanted) lie in closed files."""

    # Any: keys of alert.yaml
    def make(
        kind: str, url: str = "", *, secret: str = "", proxy: Proxy | None = None, **keys: Any
    ) -> Outlet:
        if url:
            keys["url_file"] = write_closed(tmp_path / "url", url)
        if secret:
            keys["secret_file"] = write_closed(tmp_path / "secret", secret)
        if kind != "file":
            keys = {"timeout_seconds": 20, **keys}
        return Outlet("group", Channel.model_validate({"kind": kind, **keys}), tmp_path, proxy)

    return make
