"""What the demo's steps share: the folder, the home, the store, one present instant, and the commands they stand for."""

import shlex
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from eduops.core.home import Home
from eduops.sheet.workbook import Workbook
from eduops.store.store import Store
from eduops.store.unit import Unit, unit_of_work
from eduops.workflow.demo.contract import DemoContract

ACTOR = "演示"


@dataclass
class Stage:
    """The demo under way; `refs` holds what later steps need of earlier ones."""

    folder: Path
    home: Home
    demo_contract: DemoContract
    store: Store
    begun_at: datetime
    """From which everything invented counts, so that a seed gives the same data all day."""
    seed: int
    bank: Workbook
    learners: int
    refs: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)

    @property
    def now(self) -> datetime:
        """The present instant of this step: the beginning and what has passed since."""
        return self.begun_at + timedelta(seconds=time.monotonic() - self._started)

    def unit(self, command: str) -> AbstractContextManager[Unit]:
        """A unit of work under the demo's name."""
        return unit_of_work(self.store, now=self.now, actor=ACTOR, command=f"eduops demo: {command}")

    def at(self, instant: datetime) -> str:
        """An instant as a command takes it."""
        return instant.astimezone(self.demo_contract.contract.zone_info).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to in one sentence, the commands that do the same by hand, and further lines."""

    said: str
    commands: tuple[str, ...]
    details: tuple[str, ...] = ()


def command(*words: object) -> str:
    """A command line with its words quoted as a shell needs them."""
    return shlex.join(["eduops", *(str(word) for word in words)])
