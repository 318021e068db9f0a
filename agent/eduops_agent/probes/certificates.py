"""Certificates in files and behind endpoints: whose they are and until when they hold."""

from typing import Any, Dict, List

from eduops_agent.context import Context, Failed, NotChecked, path_of
from eduops_agent.probes import UNCONFIGURED
from eduops_agent.rows import measure_rows
from eduops_agent.x509 import parse_certificate, parse_certificates

NAME = "certificates"
TITLE = "证书：文件与端口的有效期"

_LARGEST_FILE_BYTES = 1024 * 1024
_CONNECT_SECONDS = 5.0


def measure(context: Context) -> Dict[str, Any]:
    """One row for each file and endpoint of the configuration. Raises NotChecked where it names none."""
    settings = context.settings or {}
    files, endpoints = settings.get("files", []), settings.get("endpoints", [])
    if not files and not endpoints:
        raise NotChecked(UNCONFIGURED[NAME])
    labelled = [({"source": path}, _file_measurer(path)) for path in files]
    labelled += [
        ({"source": "{}:{}".format(endpoint["host"], endpoint["port"])}, _endpoint_measurer(endpoint))
        for endpoint in endpoints
    ]
    return {"certificates": measure_rows(labelled, context.timeout_seconds)}


def parse_chain(content: bytes) -> Dict[str, Any]:
    """The first certificate (by custom the host's own), and when the first of them all ends.

    Raises Failed for anything else.
    """
    try:
        chain: List[Dict[str, Any]] = [parse_certificate(der) for der in parse_certificates(content)]
    except ValueError as error:
        raise Failed("不是 X.509 证书") from error
    soonest = min(certificate["not_after"] for certificate in chain)
    return dict(chain[0], chain_length=len(chain), chain_not_after=soonest)


def _file_measurer(path: str) -> Any:
    return lambda: parse_chain(_read(path))


def _read(path: str) -> bytes:
    try:
        with open(path_of(path), "rb") as stream:
            return stream.read(_LARGEST_FILE_BYTES)
    except FileNotFoundError as error:
        raise Failed("文件不存在") from error


def _endpoint_measurer(endpoint: Dict[str, Any]) -> Any:
    return lambda: parse_chain(_fetch(endpoint))


def _fetch(endpoint: Dict[str, Any]) -> bytes:
    # Late, here and in urls: OpenSSL costs more memory than all the rest of the agent.
    import socket
    import ssl

    # An expired certificate is just what we want to see: nothing is verified, nothing is sent.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain.check_hostname = False
    plain.verify_mode = ssl.CERT_NONE
    name = endpoint.get("server_name") or endpoint["host"]
    with socket.create_connection(
        (endpoint["host"], endpoint["port"]), timeout=_CONNECT_SECONDS
    ) as connection:
        with plain.wrap_socket(connection, server_hostname=name) as secured:
            return secured.getpeercert(binary_form=True) or b""
