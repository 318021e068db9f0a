"""Personal data under a key: what is sealed opens only as what it is, with the key it was sealed with."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from eduops.core.errors import ConfigError, NotAllowed
from eduops.store import secret
from eduops.store.secret import Cipher
from eduops.store.store import Store

KEY, OTHER = Cipher(b"k" * 32), Cipher(b"o" * 32)
ABOUT = "learner.phone"


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    assert KEY.open(KEY.seal(text, ABOUT), ABOUT) == text


def test_the_same_text_never_looks_the_same_and_is_found_all_the_same() -> None:
    sealed = {KEY.seal("13800000000", ABOUT) for _ in range(20)}
    assert len(sealed) == 20
    assert len({KEY.digest("13800000000", ABOUT) for _ in range(20)}) == 1
    assert KEY.digest("13800000000", ABOUT) != KEY.digest("13800000000", "learner.id_number")
    assert KEY.digest("13800000000", ABOUT) != OTHER.digest("13800000000", ABOUT)


def test_another_key_another_column_and_any_changed_byte_do_not_open() -> None:
    sealed = KEY.seal("13800000000", ABOUT)
    raw = bytearray(base64.b64decode(sealed))
    spoilt = []
    for place in range(len(raw)):
        raw[place] ^= 1
        spoilt.append(base64.b64encode(raw).decode())
        raw[place] ^= 1
    for cipher, text, about in (
        (OTHER, sealed, ABOUT),
        (KEY, sealed, "learner.id_number"),
        *((KEY, each, ABOUT) for each in (*spoilt, "", "AAAA", "不是base64", sealed[:-4])),
    ):
        with pytest.raises(NotAllowed, match="加密的个人信息打不开"):
            cipher.open(text, about)


def test_keys_are_derived_as_rfc_5869_has_it() -> None:
    for purpose in (b"seal", b"look up"):
        known = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"eduops " + purpose).derive(b"k" * 32)
        assert secret._derive(b"k" * 32, purpose) == known


def test_a_key_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "personal.key"
    secret.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    first, second = secret.load_cipher(path), secret.load_cipher(path)
    assert first.open(second.seal("虚构", ABOUT), ABOUT) == "虚构"
    assert secret.fingerprint(first) == secret.fingerprint(second) != secret.fingerprint(KEY)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="别人也能读（权限 640）"):
        secret.load_cipher(path)


@pytest.mark.parametrize("content", ["", "短", "AAAA", base64.b64encode(b"x" * 31).decode(), "=" * 44])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "personal.key"
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(ConfigError):
        secret.load_cipher(path)


def test_a_missing_key_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="没有密钥文件") as raised:
        secret.load_cipher(tmp_path / "personal.key")
    assert "恢复原来的 personal.key" in raised.value.hint


def test_a_database_remembers_its_key(store: Store) -> None:
    with store.reading() as session:
        secret.require_fit(session, OTHER, is_writing=False)
    with store.writing() as session:
        secret.require_fit(session, KEY, is_writing=True)
    for is_writing in (True, False):
        with store.writing() as session:
            secret.require_fit(session, KEY, is_writing=is_writing)
            with pytest.raises(ConfigError, match="密钥与数据库不符"):
                secret.require_fit(session, OTHER, is_writing=is_writing)
