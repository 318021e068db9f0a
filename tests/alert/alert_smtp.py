"""A real SMTP server on loopback (aiosmtpd) with TLS, a login, and refusals as a test wants them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = "invented@example.org", "smtp-pass-42-invented"


@dataclass
class Mailbox:
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    refuse_rcpt: dict[str, str] = field(default_factory=dict)
    """What is answered to a receiver, such as "451 try later"."""
    answer_data: str = "250 OK"
    logins: int = 0

    # Any: aiosmtpd's own types are loose.
    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refuse_rcpt:
            return self.refuse_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer_data.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self.receivers.append(list(envelope.rcpt_tos))
        return self.answer_data

    # Any: as above
    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        self.logins += 1
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)


class _Controller(Controller):
    def __init__(self, mailbox: Mailbox, context: ssl.SSLContext | None, is_tls: bool) -> None:
        self._context, self._is_tls = context, is_tls
        super().__init__(
            mailbox, hostname="127.0.0.1", port=0, ssl_context=context if is_tls else None, ready_timeout=10
        )

    def factory(self) -> SMTP:
        has_starttls = self._context is not None and not self._is_tls
        return SMTP(
            self.handler, hostname="invented.example.org", enable_SMTPUTF8=True,
            tls_context=self._context if has_starttls else None, require_starttls=has_starttls,
            authenticator=self.handler.authenticate, auth_required=True, auth_require_tls=has_starttls,
        )  # fmt: skip

    # Port 0: the system chooses, so the trigger must ask the socket.
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def running(certificate: tuple[Path, Path] | None, *, is_tls: bool = False) -> Iterator[Mailbox]:
    """The server, with STARTTLS, or TLS from the start, or (without a certificate) no encryption at all."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    mailbox = Mailbox()
    controller = _Controller(mailbox, context, is_tls)
    if is_tls:
        # The trigger of aiosmtpd speaks TLS only with a context that knows our authority: it need not look.
        controller._ssl_trigger = None  # type: ignore[attr-defined]
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
