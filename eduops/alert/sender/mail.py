"""E-mail over SMTP, always encrypted (STARTTLS or TLS from the start), the server's certificate checked."""

import smtplib
import ssl
from contextlib import suppress
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from eduops.alert.secret import Place, read_secret
from eduops.alert.sender.http import build_tls, explain_certificate, redact
from eduops.alert.sender.letter import Fault, Letter, Outlet
from eduops.alert.text import clean

IS_MARKDOWN = False
MOST_BYTES = 200_000

_PORTS = {"starttls": 587, "tls": 465}
_LATER = timedelta(minutes=5)
"""A server that puts strangers off (greylisting) wants to see them again after some minutes."""


def send(letter: Letter, outlet: Outlet) -> None:
    """Sends one message to all its receivers. Raises Fault where any of them was refused."""
    channel = outlet.channel
    place = Place(channel.password_file, channel.password_env)
    password = read_secret(place, outlet.home, what=f"渠道 {outlet.name} 的口令")
    secrets = (password,) if password else ()
    mail = build_mail(letter, outlet)
    try:
        _deliver(mail, outlet, password)
    # Not chained: what a server says may repeat what it was told.
    except ssl.SSLCertVerificationError as error:
        raise Fault(f"邮件服务器的证书不可信：{explain_certificate(str(error))}", is_channel=True) from None
    except ssl.SSLError:
        raise Fault("与邮件服务器的加密连接不成：核对 security 和端口", is_channel=True) from None
    except smtplib.SMTPAuthenticationError as error:
        raise Fault(f"邮件服务器不认用户名和口令（{error.smtp_code}）", is_channel=True) from None
    except smtplib.SMTPNotSupportedError:
        raise Fault(
            "邮件服务器不支持 STARTTLS 或登录，没有发送：口令和内容不走明文", is_channel=True
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(error.recipients, secrets) from None
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, error.smtp_error, secrets) from None
    except smtplib.SMTPServerDisconnected:
        raise Fault("邮件服务器没有回答或中断了连接，不知道是否送达", is_channel=True) from None
    except TimeoutError:
        raise Fault(f"邮件服务器 {channel.timeout_seconds:g} 秒没有回答", is_channel=True) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Fault(f"连接不上邮件服务器（{type(error).__name__}）", is_channel=True) from None


def build_mail(letter: Letter, outlet: Outlet) -> EmailMessage:
    """The mail as it goes out; the same message has the same Message-ID, so that twice is shown once."""
    channel = outlet.channel
    sender = channel.from_ or ""
    mail = EmailMessage()
    mail["Subject"] = clean(letter.title)
    mail["From"] = Address("eduops", *sender.rpartition("@")[::2])
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = letter.sent_at
    mail["Message-ID"] = f"<{letter.ref}.{int(letter.created_at.timestamp())}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text, cte="base64")
    return mail


def _deliver(mail: EmailMessage, outlet: Outlet, password: str | None) -> None:
    channel = outlet.channel
    host, port = channel.host or "", channel.port or _PORTS[channel.security]
    context, seconds = build_tls(outlet), channel.timeout_seconds
    # Named by us: smtplib would ask the resolver for the machine's own name, which may take long and tells it.
    name = (channel.from_ or "").rpartition("@")[2]
    server: smtplib.SMTP
    if channel.security == "tls":
        server = smtplib.SMTP_SSL(host, port, name, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(host, port, name, timeout=seconds)
    try:
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.user and password:
            server.login(channel.user, password)
        refused = server.send_message(mail, from_addr=channel.from_, to_addrs=list(channel.to))
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()


def _refused(recipients: object, secrets: tuple[str, ...]) -> Fault:
    answers = list(recipients.values()) if isinstance(recipients, dict) else []
    code, said = answers[0] if answers else (0, b"")
    fault = _answered(code, said, secrets)
    return Fault(f"{len(answers)} 个收件人没有被接受：{fault.message}", pause=fault.pause)


def _answered(code: int, said: bytes | str, secrets: tuple[str, ...]) -> Fault:
    text = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    short = redact(clean(text), secrets)[:120]
    if 400 <= code < 500:
        return Fault(f"邮件服务器要求稍后再试（{code}）：{short}", pause=_LATER)
    return Fault(f"邮件服务器没有接受（{code}）：{short}")
