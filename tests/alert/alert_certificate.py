"""Certificates of an invented authority, made with openssl: a good one, one that has expired, one of another name."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Authority:
    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(
        self, name: str, *, subject: str = "IP:127.0.0.1,DNS:localhost", days: int = 2
    ) -> tuple[Path, Path]:
        """The certificate and its key; with negative `days` it has expired."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extension = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={subject}\n")
        _openssl("req", "-new", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", self.folder / "ca.key",
            "-out", certificate, "-extfile", extension, "-set_serial", sum(name.encode()), "-days", days,
        )  # fmt: skip
        return certificate, key


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def found(folder: Path) -> Authority:
    """A new authority in a folder."""
    _openssl(
        "req", "-x509", *_KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-days", 2,
        "-subj", "/CN=invented authority", "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    return Authority(folder)


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
