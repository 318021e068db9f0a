"""Personal data under a key: encrypted in the database, found again by a keyed hash, shown masked.

AES-256-GCM with a random nonce for what is kept, HMAC-SHA256 for what is looked up; both keys are derived (HKDF,
RFC 5869) from the one in the home. What a value is about (`learner.phone`) is bound to it, so that a sealed value
moved to another column does not open.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from eduops.core.errors import ConfigError, NotAllowed
from eduops.core.files import write_whole
from eduops.store.models import KeyCheck

KEY_BYTES = 32
_NONCE_BYTES = 12
_REMEDY = "从保存密钥的地方恢复原来的 personal.key；没有它，身份证号和手机号读不出来"


class Cipher:
    """What one key can do. Costs a few microseconds a value."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._sealing = AESGCM(_derive(key, b"seal"))
        self._looking_up = _derive(key, b"look up")

    def seal(self, text: str, about: str) -> str:
        """The text encrypted, as base64; the same text never looks the same twice."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._sealing.encrypt(nonce, text.encode(), about.encode())).decode()

    def open(self, sealed: str, about: str) -> str:
        """The text again. Raises NotAllowed where it was sealed by another key, about something else, or altered."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            plain = self._sealing.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise NotAllowed("加密的个人信息打不开：密钥不对，或数据被改动", hint=_REMEDY) from error
        return plain.decode()

    def digest(self, text: str, about: str) -> str:
        """The keyed hash by which the same text is found again, as hex."""
        # hmac.digest is the fast way for one short message.
        return hmac.digest(self._looking_up, f"{about}\0{text}".encode(), "sha256").hex()

    @cached_property
    def check(self) -> str:
        """Tells this key from others, for `require_fit`."""
        return self.digest("", "eduops.key_check")


def _derive(key: bytes, purpose: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt, one block: 32 bytes."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, b"eduops " + purpose + b"\x01", "sha256")


def make_key(path: Path) -> None:
    """Writes a new random key, readable by its owner only."""
    write_whole(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n", mode=0o600)


def load_cipher(path: Path) -> Cipher:
    """The cipher of a key file. Raises ConfigError where it is missing, open to others or no key."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise ConfigError(
            f"没有密钥文件 {path}", hint=f"新的数据目录运行 eduops init；已有数据时{_REMEDY}"
        ) from error
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"密钥文件 {path} 读不出来", hint=_REMEDY) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"密钥文件 {path} 别人也能读（权限 {stat.S_IMODE(mode):o}）", hint=f"运行 chmod 600 {path}"
        )
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(f"密钥文件 {path} 不是密钥（应是 {KEY_BYTES} 字节的 base64）", hint=_REMEDY)
    return Cipher(key)


def require_fit(session: Session, cipher: Cipher, *, is_writing: bool) -> None:
    """Remembers, where it writes, the first key that a database is used with. Raises ConfigError for any other."""
    known = session.get(KeyCheck, 1)
    if known is None and is_writing:
        session.add(KeyCheck(id=1, digest=cipher.check))
        session.flush()
    elif known is not None and not hmac.compare_digest(known.digest, cipher.check):
        raise ConfigError("密钥与数据库不符：数据库里的个人信息是用另一把密钥加密的", hint=_REMEDY)


def fingerprint(cipher: Cipher) -> str:
    """Eight characters by which people compare two copies of a key."""
    return hashlib.sha256(cipher.check.encode()).hexdigest()[:8]
