"""Second copies of keys, proved by using them: what is encrypted in a restored home is opened, and age's backups are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from eduops.backup import keep, secret
from eduops.backup.engine import home as home_engine
from eduops.backup.engine.job import Job, Scratch
from eduops.backup.keep import DirectoryStore, ResticStore, age
from eduops.core.errors import ConfigError, NotAllowed, UsageError
from eduops.core.home import Home
from eduops.store.models import KeyCheck
from eduops.store.secret import Cipher, fingerprint, load_cipher
from eduops.training.models.learner import Learner
from eduops.training.models.tenant import Tenant
from eduops.training.queries.learner import about
from eduops.training.service.onboarding import CONTACT

_IDENTITY: Final = b"AGE-SECRET-KEY-1"
_LARGEST_BYTES: Final = 64_000


@dataclass(frozen=True, slots=True)
class Keys:
    """The second copies that are to be proved."""

    ciphers: tuple[tuple[Path, Cipher], ...] = ()
    identity: Path | None = None


def sort_keys(files: Sequence[Path], home: Home) -> Keys:
    """Which file is a key of personal data and which an identity of age.

    Raises ConfigError for what is neither or open to others, NotAllowed for the very file that is in use.
    """
    ciphers, identities = [], []
    for path in files:
        secret.require_closed(path, what="要证明的密钥")
        if path.samefile(home.key_path) if home.key_path.exists() else False:
            raise NotAllowed(
                f"{path} 就是正在用的那一把，证明不了第二份", hint="用 --key 指向另外保存的那一份"
            )
        if _IDENTITY in _read(path):
            identities.append(path)
        else:
            ciphers.append((path, load_cipher(path)))
    if len(identities) > 1:
        raise UsageError("一次演练只能证明一份 age 密钥", hint="分几次演练，每次一个 --key")
    return Keys(tuple(ciphers), identities[0] if identities else None)


def with_identity(store: keep.Store, keys: Keys) -> keep.Store:
    """The store, opened by the second copy of its key where one was given. Raises NotAllowed where it needs none."""
    if keys.identity is None:
        return store
    if isinstance(store, ResticStore) or (isinstance(store, DirectoryStore) and not store.recipients):
        raise NotAllowed(
            f"存放处 {store.name} 不是用 age 加密的，密钥 {keys.identity} 用不上",
            hint="只对 encryption: age 的存放处用 age 密钥演练",
        )
    if store.identity_file is not None and keys.identity.samefile(store.identity_file):
        raise NotAllowed(
            f"{keys.identity} 就是正在用的那一把，证明不了第二份", hint="用 --key 指向另外保存的那一份"
        )
    return replace(store, identity_file=keys.identity)


def prove(job: Job, scratch: Scratch, keys: Keys) -> tuple[list[dict[str, Any]], list[str]]:
    """What each key opened, for the evidence, and a Chinese sentence for each that was not proved."""
    # Any: JSON values.
    evidence: list[dict[str, Any]] = []
    faults: list[str] = []
    if keys.identity is not None:
        # The backup that was compared just now was opened by it.
        public = age.find_recipient(age.load_identity(keys.identity))
        evidence.append({"kind": "age", "file": str(keys.identity), "fingerprint": public, "proved": True})
    for path, cipher in keys.ciphers:
        if job.source.engine.value != "home":
            faults.append(f"来源 {job.name} 里没有用个人信息密钥加密的内容，{path} 无从证明")
            continue
        with home_engine.open_restored(job, scratch) as engine:
            opened, fault = _open_all(engine, cipher, path)
        faults += [fault] if fault else []
        evidence.append(
            {
                "kind": "personal",
                "file": str(path),
                "fingerprint": fingerprint(cipher),
                "proved": fault is None,
                "opened": opened,
            }
        )
    return evidence, faults


def _open_all(engine: Engine, cipher: Cipher, path: Path) -> tuple[int, str | None]:
    with Session(engine) as session:
        known = session.get(KeyCheck, 1)
        if known is None:
            return 0, f"恢复出的数据库里还没有加密的个人信息，密钥 {path} 无从证明"
        if known.digest != cipher.check:
            return 0, f"密钥 {path}（指纹 {fingerprint(cipher)}）不是加密这些个人信息的那一把"
        opened = 0
        for sealed, subject in _iter_sealed(session):
            try:
                cipher.open(sealed, subject)
            except NotAllowed:
                return opened, f"密钥 {path} 打不开恢复出的一项个人信息（{subject}）"
            opened += 1
    return opened, None


def _iter_sealed(session: Session) -> Iterator[tuple[str, str]]:
    for column, subject in (
        (col(Learner.phone_sealed), about("phone")),
        (col(Learner.id_number_sealed), about("id_number")),
        (col(Tenant.contact_phone_sealed), CONTACT),
    ):
        statement = select(column).where(column.is_not(None))
        for sealed in session.exec(statement.execution_options(yield_per=1000)):
            yield str(sealed), subject


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST_BYTES)
    except OSError as error:
        raise ConfigError(f"不能读取密钥文件 {path}", hint="检查文件和权限") from error
