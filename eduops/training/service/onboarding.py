"""Taking on many hospitals in one go: a workbook of them and a folder of rosters, all or nothing, repeatable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from eduops.core.errors import Conflict, EduopsError, InputError, Problem
from eduops.store.secret import Cipher
from eduops.training.models.tenant import Tenant
from eduops.training.queries import tenant as queries
from eduops.training.rules.hospital_sheet import Hospital, HospitalSheet
from eduops.training.rules.onboarding import TenantTerms
from eduops.training.rules.roster import Roster
from eduops.training.service import tenant as service
from eduops.training.service.roster import RosterResult, import_roster

CONTACT = "tenant.contact_phone"
"""What a contact's sealed telephone is about."""


@dataclass(frozen=True, slots=True)
class Onboarded:
    """One hospital of the workbook: new, changed or unchanged, and what became of its roster."""

    row: int
    code: str
    name: str
    change: str
    roster_file: str | None = None
    roster: RosterResult | None = None


@dataclass(frozen=True, slots=True)
class OnboardingResult:
    """What became of a workbook of hospitals, one each."""

    tenants: tuple[Onboarded, ...]

    def count(self, change: str) -> int:
        """How many hospitals were added, changed or unchanged."""
        return sum(each.change == change for each in self.tenants)

    @property
    def learners_added(self) -> int:
        """New learners of all rosters."""
        return sum(each.roster.added for each in self.tenants if each.roster)

    @property
    def learners_changed(self) -> int:
        """Changed learners of all rosters."""
        return sum(each.roster.changed for each in self.tenants if each.roster)

    @property
    def is_new(self) -> bool:
        """Whether anything was written."""
        return self.count("unchanged") < len(self.tenants) or self.learners_added + self.learners_changed > 0


def onboard(
    session: Session,
    sheet: HospitalSheet,
    rosters: Mapping[int, tuple[str, Roster]],
    *,
    file: str,
    cipher: Cipher,
    now: datetime,
    actor: str,
    is_invented: bool = False,
    progress: Callable[[int], object] = lambda _count: None,
) -> OnboardingResult:
    """Writes every hospital and its roster; `rosters` is row → (file, roster).

    A hospital that is known by code or name is brought up to date; empty cells change nothing. Raises InputError with
    every wrong cell of the workbook and of all rosters, and nothing is written.
    """
    problems = [Problem(file, error.place, error.message, error.row) for error in sheet.errors]
    done = []
    for hospital in sheet.hospitals:
        try:
            tenant, change = _put(session, hospital, cipher=cipher, now=now, actor=actor)
        except EduopsError as error:
            problems.append(Problem(file, _address(sheet, hospital), error.message, hospital.row))
            continue
        roster_file, roster = rosters.get(hospital.row, (None, None))
        result = None
        if roster is not None and roster_file is not None:
            try:
                result = import_roster(
                    session,
                    roster,
                    file=roster_file,
                    tenant=tenant,
                    cipher=cipher,
                    now=now,
                    is_invented=is_invented,
                    is_tenants_own=True,
                )
            except InputError as error:
                problems += error.problems
        done.append(Onboarded(hospital.row, tenant.code, tenant.name, change, roster_file, result))
        progress(1)
    if problems:
        raise InputError(
            f"{file} 和名册共有 {len(problems)} 处错误，什么都没有写入",
            hint="改正所列单元格后，用同样的文件再运行一次",
            problems=problems,
        )
    return OnboardingResult(tuple(done))


def _put(
    session: Session, hospital: Hospital, *, cipher: Cipher, now: datetime, actor: str
) -> tuple[Tenant, str]:
    known = queries.find_by_code(session, hospital.code) if hospital.code else None
    known = known or queries.find_by_name(session, hospital.name)
    phone = cipher.seal(hospital.phone, CONTACT) if hospital.phone else None
    if known is not None:
        return known, _bring_up_to_date(session, known, hospital, phone, cipher, now=now, actor=actor)
    terms = TenantTerms(
        hospital.code or service.allocate_code(session),
        hospital.name,
        hospital.kind or "outside_hospital",
        hospital.parent_body,
        hospital.number,
        hospital.agreed,
    )
    tenant = service.add_tenant(session, terms, now=now, actor=actor, contact=hospital.contact, phone=phone)
    return tenant, "added"


def _bring_up_to_date(
    session: Session,
    tenant: Tenant,
    hospital: Hospital,
    phone: str | None,
    cipher: Cipher,
    *,
    now: datetime,
    actor: str,
) -> str:
    if tenant.state != "active":
        raise Conflict(f"「{tenant.name}」已停用或关闭", hint="先运行 eduops tenant resume")
    if hospital.code and hospital.code != tenant.code:
        raise Conflict(
            f"「{tenant.name}」已登记的代码是 {tenant.code}，不是 {hospital.code}", hint="改正代码"
        )
    if hospital.name != tenant.name:
        service.require_free(session, "名称", hospital.name, but=tenant)
    said: dict[str, object] = {
        "name": hospital.name,
        "kind": hospital.kind,
        "contact": hospital.contact,
        "number": hospital.number,
    }
    if hospital.parent_body:
        said["parent_body_id"] = service.put_body(session, hospital.parent_body, now=now).id
    kept = tenant.contact_phone_sealed
    if hospital.phone and (kept is None or cipher.open(kept, CONTACT) != hospital.phone):
        said["contact_phone_sealed"] = phone
    changed = {name: value for name, value in said.items() if value and value != getattr(tenant, name)}
    tenant.sqlmodel_update(changed)
    session.add(tenant)
    session.flush()
    before = queries.list_contracts(session).get(queries.owner_of(tenant), [])
    agreed = service.follow_on(hospital.agreed, before)
    is_new = service.record_terms(session, tenant, agreed, now=now, actor=actor)
    return "changed" if changed or is_new else "unchanged"


def _address(sheet: HospitalSheet, hospital: Hospital) -> str:
    return sheet.form.error(hospital.row, "name", "", "").place


def list_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """(files of a folder of rosters, what else lies in it: folders, links to nothing, pipes), by name.

    Hidden ones, Office's lock files and marked copies are left out. Raises InputError where it is no folder.
    """
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder} 不是可以读的目录", hint="给出放名册的目录") from error
    shown = [path for path in found if not path.name.startswith((".", "~$")) and ".标注." not in path.name]
    return [path for path in shown if path.is_file()], [path for path in shown if not path.is_file()]
