"""Mail over SMTP: always encrypted, to a server whose certificate is right, taken by every receiver or by none."""

import socket
import traceback
from dataclasses import replace
from datetime import timedelta

import alert_smtp
import pytest
from alert_case import write_closed
from alert_smtp import PASSWORD, USER

from eduops.alert import sender
from eduops.alert.sender.letter import Fault

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

FROM, TO = "eduops@example.org", ["yunwei@example.org", "zhuren@example.org"]


@pytest.fixture
def mail_outlet(outlet, tmp_path, authority):
    """An outlet to a server on loopback, logging in."""

    def make(mailbox: alert_smtp.Mailbox, *, password: str = PASSWORD, login: bool = True, **keys):
        if login:
            keys |= {"user": USER, "password_file": write_closed(tmp_path / "smtp", password)}
        known = {
            "host": "127.0.0.1",
            "port": mailbox.port,
            "from": FROM,
            "to": TO,
            "ca_file": authority.ca_file,
        }
        return outlet("mail", **{**known, **keys})

    return make


def fault_of(outlet, letter) -> Fault:
    with pytest.raises(Fault) as caught:
        sender.send(letter, outlet)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert PASSWORD not in shown and "wrong-invented" not in shown
    return caught.value


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_arrives_encrypted_with_its_title_and_text(security, authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue(security), is_tls=security == "tls") as mailbox:
        sender.send(letter, mail_outlet(mailbox, security=security))
    assert mailbox.receivers == [TO]
    mail = mailbox.mails[0]
    assert mail["Subject"] == letter.title
    assert "已超时 12 分钟" in mail.get_content()
    assert (mail["From"], mail["Auto-Submitted"]) == (f"eduops <{FROM}>", "auto-generated")
    assert mail["Message-ID"].startswith("<MSG-2026-0001.")


def test_a_title_with_line_ends_adds_no_header(authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue("headers")) as mailbox:
        sender.send(replace(letter, title="a\r\nBcc: x@example.org\r\n\r\nb"), mail_outlet(mailbox))
    assert mailbox.mails[0]["Bcc"] is None
    assert mailbox.receivers == [TO]


def test_a_refused_login_is_said_without_the_password(authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue("login")) as mailbox:
        fault = fault_of(mail_outlet(mailbox, password="wrong-invented"), letter)
    assert "不认用户名和口令（535）" in fault.message and fault.is_channel
    assert mailbox.mails == []


def test_certificates_that_are_not_right_are_refused_before_anything_is_said(
    authority, mail_outlet, letter
) -> None:
    for name, options, keys, words in (
        ("mail-old", {"days": -1}, {}, "已过期"),
        ("mail-other", {"subject": "DNS:other.example.org"}, {}, "名称与网址不符"),
        ("mail-unknown", {}, {"ca_file": None}, "不认识签发者"),
    ):
        for security in ("starttls", "tls"):
            certificate = authority.issue(f"{name}-{security}", **options)
            with alert_smtp.running(certificate, is_tls=security == "tls") as mailbox:
                fault = fault_of(mail_outlet(mailbox, security=security, **keys), letter)
            assert words in fault.message
            assert (mailbox.logins, mailbox.mails) == (0, [])


def test_a_server_without_encryption_gets_neither_password_nor_mail(mail_outlet, letter) -> None:
    with alert_smtp.running(None) as mailbox:
        assert "不走明文" in fault_of(mail_outlet(mailbox), letter).message
        assert "加密连接不成" in fault_of(mail_outlet(mailbox, security="tls"), letter).message
    assert (mailbox.logins, mailbox.mails) == (0, [])


def test_whoever_is_put_off_comes_again_some_minutes_later(authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue("grey")) as mailbox:
        mailbox.refuse_rcpt = dict.fromkeys(TO, "451 4.7.1 greylisted, try later")
        fault = fault_of(mail_outlet(mailbox), letter)
        assert "2 个收件人没有被接受" in fault.message and "451" in fault.message
        assert fault.pause == timedelta(minutes=5)
        mailbox.refuse_rcpt.clear()
        mailbox.answer_data = "452 4.3.1 disk full"
        fault = fault_of(mail_outlet(mailbox), letter)
        assert ("452" in fault.message, fault.pause) == (True, timedelta(minutes=5))
        mailbox.answer_data = "250 OK"
        sender.send(letter, mail_outlet(mailbox))
    assert len(mailbox.mails) == 1


def test_one_refused_receiver_is_a_fault(authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue("refused")) as mailbox:
        mailbox.refuse_rcpt = {TO[1]: "550 no such person"}
        fault = fault_of(mail_outlet(mailbox), letter)
    assert "1 个收件人没有被接受" in fault.message and "550" in fault.message
    assert not fault.is_channel


def test_a_refused_content_is_a_fault_of_the_message(authority, mail_outlet, letter) -> None:
    with alert_smtp.running(authority.issue("content")) as mailbox:
        mailbox.answer_data = "554 rejected"
        fault = fault_of(mail_outlet(mailbox), letter)
    assert ("554" in fault.message, fault.is_channel) == (True, False)


def test_silence_and_nobody_at_home_end_in_time(mail_outlet, letter) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        mailbox = alert_smtp.Mailbox(port=silent.getsockname()[1])
        assert "连接不上" in fault_of(mail_outlet(mailbox), letter).message
        silent.listen()
        said = fault_of(mail_outlet(mailbox, timeout_seconds=1), letter).message
        # On a machine that is busy the bound of the whole may come before that of the step.
        assert "没有回答" in said or "没有发完" in said
