"""Certificates, addresses, backup folders and processes named in the configuration, against real ones."""

import json
import os
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from eduops_agent.x509 import parse_certificate

from eduops.core.clock import now

STARTS = datetime(2020, 1, 1, tzinfo=UTC)


def make_certificate(path, *, ends, name="edu.example（虚构）", starts=STARTS):
    """A certificate signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), starts, ends
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(pem))
    return certificate


class Pages(BaseHTTPRequestHandler):
    """A platform's front page, a broken page, one that is slow and one that drips."""

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(3)
        self.send_response(500 if self.path == "/broken" else 200)
        page = "<title>远程教育平台（虚构）登录</title>".encode("gb18030")
        self.send_header("Content-Type", "text/html; charset=gb18030")
        self.send_header("Content-Length", str(len(page) + (20 if self.path == "/drip" else 0)))
        self.end_headers()
        if self.path == "/drip":
            for _ in range(20):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.2)
        self.wfile.write(page)

    def log_message(self, *words):
        pass


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that hang up in the middle are what is tested here."""


@pytest.fixture
def server():
    with QuietServer(("127.0.0.1", 0), Pages) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def secured(server, tmp_path):
    """The server behind an expired certificate; gives back (port, certificate)."""
    path = tmp_path / "expired.pem"
    certificate = make_certificate(path, ends=datetime(2021, 1, 1, tzinfo=UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.server_port, certificate


@pytest.fixture
def closed_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        yield listening.getsockname()[1]


def test_certificate_files_tell_their_dates(measure, tmp_path, python):
    ends = datetime(2035, 6, 1, 12, 30, tzinfo=UTC)
    certificate = make_certificate(tmp_path / "证书.pem", ends=ends)
    (tmp_path / "one.der").write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    sooner = make_certificate(tmp_path / "ca.pem", ends=datetime(2030, 1, 1, tzinfo=UTC), name="虚构根证书")
    (tmp_path / "chain.pem").write_bytes(
        (tmp_path / "证书.pem").read_bytes() + (tmp_path / "ca.pem").read_bytes()
    )
    (tmp_path / "text.pem").write_text("no certificate")
    files = [str(tmp_path / name) for name in ("证书.pem", "one.der", "chain.pem", "text.pem", "gone.pem")]
    rows = measure("certificates", {"files": files}, python=python, LC_ALL="C")["data"]["certificates"]
    assert [row["source"] for row in rows] == files
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "failed", "failed"]
    assert [row["reason"] for row in rows[3:]] == ["不是 X.509 证书", "文件不存在"]
    for row in rows[:3]:
        assert (row["subject"], row["not_after"]) == ("edu.example（虚构）", "2035-06-01T12:30:00.000Z")
        assert row["fingerprint_sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
        assert int(row["serial"], 16) == certificate.serial_number
    assert (rows[2]["chain_length"], rows[2]["chain_not_after"]) == (2, "2030-01-01T00:00:00.000Z")
    assert sooner.not_valid_after_utc.year == 2030


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (datetime(1999, 12, 31, tzinfo=UTC), datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (datetime(2000, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)),
        (STARTS, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_certificate_dates_are_right_on_both_sides_of_2050(tmp_path, starts, ends):
    certificate = make_certificate(tmp_path / "a.pem", starts=starts, ends=ends)
    facts = parse_certificate(certificate.public_bytes(serialization.Encoding.DER))
    assert facts["not_before"] == starts.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert facts["not_after"] == ends.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_damaged_certificates_never_escape_as_another_error(tmp_path):
    certificate = make_certificate(tmp_path / "a.pem", ends=STARTS + timedelta(days=1))
    der = certificate.public_bytes(serialization.Encoding.DER)
    for length in range(len(der)):
        with pytest.raises(ValueError, match=r"不是 X\.509 证书"):
            parse_certificate(der[:length])


def test_expired_certificate_behind_a_port_tells_its_date(measure, secured, closed_port, python):
    port, certificate = secured
    endpoints = [
        {"host": "127.0.0.1", "port": port, "server_name": "localhost"},
        {"host": "127.0.0.1", "port": closed_port},
    ]
    rows = measure("certificates", {"endpoints": endpoints}, python=python)["data"]["certificates"]
    assert (rows[0]["status"], rows[0]["not_after"]) == ("ok", "2021-01-01T00:00:00.000Z")
    assert rows[0]["fingerprint_sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
    assert (rows[1]["status"], rows[1]["reason"]) == ("failed", "连接被拒绝")


def test_addresses_tell_status_time_and_text(measure, server, closed_port, python):
    home = f"http://127.0.0.1:{server.server_port}"
    urls = [
        {"name": "首页", "url": home + "/", "text": "登录"},
        {"name": "别的字", "url": home + "/", "text": "注销"},
        {"name": "不查字", "url": home + "/"},
        {"name": "坏页", "url": home + "/broken"},
        {"name": "慢页", "url": home + "/slow", "timeout_seconds": 0.5},
        {"name": "滴漏", "url": home + "/drip", "timeout_seconds": 0.5},
        {"name": "没开", "url": f"http://127.0.0.1:{closed_port}/?token=secret"},
        {"name": "无此主机", "url": "http://no-such-host.invalid/"},
    ]
    # A proxy of the environment must not stand between.
    rows = measure("urls", urls, python=python, http_proxy="http://127.0.0.1:9")["data"]["urls"]
    by_name = {row["name"]: row for row in rows}
    assert (by_name["首页"]["http_status"], by_name["首页"]["text_found"]) == (200, True)
    assert by_name["别的字"]["text_found"] is False and by_name["不查字"]["text_found"] is None
    assert (by_name["坏页"]["status"], by_name["坏页"]["http_status"]) == ("ok", 500)
    for name, said in (("慢页", "超时"), ("滴漏", "超时"), ("没开", "连接被拒绝")):
        assert by_name[name]["status"] == "failed" and by_name[name]["reason"].startswith(said), by_name[name]
    assert by_name["无此主机"]["status"] == "failed"
    assert "secret" not in json.dumps(rows)


def test_untrusted_certificate_fails_the_address_and_says_so(measure, secured):
    (row,) = measure("urls", [{"name": "首页", "url": f"https://localhost:{secured[0]}/"}])["data"]["urls"]
    assert row["status"] == "failed" and row["reason"].startswith("证书不受信任")


def test_address_behind_the_houses_own_authority_is_trusted(measure, server, tmp_path, python):
    path = tmp_path / "own.pem"
    make_certificate(path, ends=datetime(2099, 1, 1, tzinfo=UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    wanted = {
        "name": "首页",
        "url": f"https://localhost:{server.server_port}/",
        "text": "登录",
        "ca_file": str(path),
    }
    (row,) = measure("urls", [wanted], python=python)["data"]["urls"]
    assert (row["status"], row.get("text_found")) == ("ok", True), row


def test_backup_folder_tells_age_and_size_of_the_newest(measure, tmp_path, python):
    folder = tmp_path / "backup"
    folder.mkdir()
    for name, size, age in (("a.dump", 10, 7200), ("b.dump", 20, 3600), ("c.log", 5, 60), (".d.dump", 1, 1)):
        (folder / name).write_bytes(b"x" * size)
        os.utime(folder / name, (now().timestamp() - age,) * 2)
    wanted = [
        {"name": "数据库", "folder": str(folder), "pattern": "*.dump"},
        {"name": "全部", "folder": str(folder)},
        {"name": "没有", "folder": str(folder), "pattern": "*.zip"},
        {"name": "无目录", "folder": str(tmp_path / "gone")},
    ]
    rows = measure("backups", wanted, python=python)["data"]["backups"]
    assert (rows[0]["count"], rows[0]["total_bytes"]) == (2, 30)
    assert [(file["name"], file["size_bytes"]) for file in rows[0]["newest"]] == [
        ("b.dump", 20),
        ("a.dump", 10),
    ]
    assert 3600 <= rows[0]["age_seconds"] < 3660
    assert rows[1]["newest"][0]["name"] == "c.log"
    assert [row["reason"] for row in rows[2:]] == ["目录中没有符合的文件", "目录不存在"]


def test_expected_processes_are_counted_and_missing_ones_are_nought(measure, tmp_path, python):
    running = subprocess.Popen(["sleep", "30.25"])
    try:
        expected = [
            {"name": "sleep", "command": "30.25"},
            {"name": "sleep", "command": "no such word"},
            {"name": "no-such-program"},
        ]
        section = measure("processes", {"expected": expected}, python=python)
    finally:
        running.kill()
        running.wait()
    rows = section["data"]["expected"]
    if not section["data"]["is_complete"]:
        assert rows[2]["status"] == "not_checked"
        return
    assert [row["count"] for row in rows] == [1, 0, 0]


def test_zombie_is_reported_with_its_parent(measure):
    child = subprocess.Popen(["true"])
    time.sleep(0.3)
    data = measure("processes", {})["data"]
    child.wait()
    assert {"pid": child.pid, "name": "true", "parent_pid": os.getpid()} in data["zombies"]


def test_listening_port_is_seen(run_agent, server, python):
    done = run_agent("--probe", "network", "--interval", "0.1", python=python)
    listening = json.loads(done.stdout)["probes"][0]["data"]["listening"]
    rows = [row for row in listening if row["port"] == server.server_port and row["protocol"] == "tcp"]
    # Its process is this test's own, which the agent may look into.
    assert [(row["address"], row["process"]) for row in rows] == [
        ("127.0.0.1", Path("/proc/self/comm").read_text().strip())
    ]
