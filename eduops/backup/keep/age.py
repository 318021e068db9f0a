"""Files encrypted to recipients and opened by an identity, in the age format; streamed, so size costs no memory."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyrage

from eduops.backup import secret
from eduops.backup.keep.manifest import File, Readable
from eduops.core.errors import ConfigError
from eduops.core.files import open_regular, render_reason

SUFFIX: Final = ".age"
_LARGEST_BYTES: Final = 64_000
_OTHER_KEY: Final = "No matching keys"
_WHAT: Final = "age 的密钥"


@dataclass(slots=True)
class _Sink:
    """What pyrage writes to: hashes, counts, and remembers why it failed, as pyrage may lose that."""

    # Any digest of hashlib's.
    write_on: Callable[[bytes], object]
    size: int = 0
    fault: OSError | None = None
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, chunk: bytes) -> int:
        try:
            self.write_on(chunk)
        except OSError as error:
            self.fault = error
            raise
        self.digest.update(chunk)
        self.size += len(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back."""

    @property
    def file(self) -> File:
        if self.fault is not None:
            raise self.fault
        return File(self.size, self.digest.hexdigest())


@dataclass(slots=True)
class _Source:
    """What pyrage reads from: remembers why it failed, which pyrage tells as a fault of what it read."""

    stream: Readable
    fault: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self.stream.read(size)
        except Exception as error:
            self.fault = error
            raise


class Unopened(Exception):
    """What is stored is not what was encrypted; the text is a Chinese sentence."""


def encrypt(source: Path, target: Path, recipients: Sequence[str]) -> File:
    """Writes the source encrypted; size and SHA-256 of what was written. Raises ConfigError, OSError."""
    keys = parse_recipients(recipients)
    with source.open("rb") as reader, target.open("xb") as writer:
        from_, sink = _Source(reader), _Sink(writer.write)
        try:
            pyrage.encrypt_io(from_, sink, keys)
        except (pyrage.EncryptError, OSError) as error:
            raise from_.fault or sink.fault or OSError(str(error)) from error
        return sink.file


def decrypt(reader: Readable, write: Callable[[bytes], object], identity: "Identity") -> File:
    """Gives what was encrypted to `write`; its size and SHA-256.

    Raises Unopened, ConfigError for a key that does not fit, and whatever reading or writing raised.
    """
    from_, sink = _Source(reader), _Sink(write)
    try:
        pyrage.decrypt_io(from_, sink, [identity.key])
    except (pyrage.DecryptError, OSError) as error:
        if fault := from_.fault or sink.fault:
            raise fault from error
        if _OTHER_KEY in str(error):
            raise ConfigError(
                f"密钥文件 {identity.path} 打不开它：不是加密时的收件人之一",
                hint="换成加密时用的那一把（backup.yaml 的 identity_file）；备份本身没有因此算作损坏",
            ) from error
        raise Unopened("密文已损坏") from error
    return sink.file


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """A private key and the file it came from; never shown."""

    path: Path
    # Any: pyrage has no types.
    key: object


def parse_recipients(recipients: Sequence[str]) -> list[object]:
    """The public keys. Raises ConfigError for a text that is none."""
    keys = []
    for text in recipients:
        try:
            keys.append(pyrage.x25519.Recipient.from_str(text))
        except pyrage.RecipientError as error:
            raise ConfigError(
                f"加密的收件人「{text[:80]}」不是 age 公钥",
                hint="写 age-keygen 打印的 age1 开头的公钥；不要写私钥",
            ) from error
    return keys


def load_identity(path: Path) -> Identity:
    """The private key of a file as `age-keygen` writes it. Raises ConfigError where it cannot be used."""
    secret.require_closed(path, what=_WHAT)
    try:
        with open_regular(path) as stream:
            lines = stream.read(_LARGEST_BYTES).decode("ascii").splitlines()
        text = next(line.strip() for line in lines if line.strip() and not line.startswith("#"))
        return Identity(path, pyrage.x25519.Identity.from_str(text))
    except OSError as error:
        raise ConfigError(
            f"{_WHAT}：不能读取文件 {path}：{render_reason(error)}",
            hint="检查 backup.yaml 里写的路径和文件权限",
        ) from error
    except (UnicodeDecodeError, StopIteration, pyrage.IdentityError):
        # Without its cause, which may hold parts of the key.
        raise ConfigError(
            f"{path} 不是 age 的密钥文件", hint="应有一行 AGE-SECRET-KEY-1…；从保管处重新复制一份"
        ) from None


def find_recipient(identity: Identity) -> str:
    """The public key that belongs to a private one: by it people tell keys apart."""
    return str(identity.key.to_public())  # type: ignore[attr-defined]  # pyrage has no types
