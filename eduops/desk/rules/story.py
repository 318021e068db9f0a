"""A ticket's story as it is to be read: which instants of its steps were put right later. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_STEPS_OF = {
    "reported_at": ("open", "import"),
    "responded_at": ("respond",),
    "arrived_at": ("arrive",),
    "resolved_at": ("resolve",),
    "closed_at": ("close",),
    "plan_submitted_at": ("plan",),
    "plan_department_approved_at": ("approve_plan",),
    "plan_management_approved_at": ("approve_plan",),
    "exclusions.from": ("wait",),
    "exclusions.to": ("go_on",),
    "reopened.reopened_at": ("reopen",),
    "reopened.resolved_at": ("resolve",),
}
"""The steps whose instant a corrected field is."""
_NUMBER = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Told:
    """One step as it was written down."""

    step: str
    happened_at: datetime
    values: Mapping[str, object]


def list_valid_instants(story: Sequence[Told]) -> list[datetime | None]:
    """When each step of a story holds to have happened, after every correction; None where that was taken away."""
    valid: list[datetime | None] = [each.happened_at for each in story]
    for told in story:
        steps = _STEPS_OF.get(_NUMBER.sub("", str(told.values.get("field", ""))), ())
        # Only these steps' fields hold instants; a department that was corrected is none.
        before = _instant(told.values.get("before")) if told.step == "correct" and steps else None
        if before is None:
            continue
        places = (place for place, each in enumerate(story) if each.step in steps and valid[place] == before)
        place = next(places, None)
        if place is not None:
            valid[place] = _instant(told.values.get("after"))
    return valid


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None
