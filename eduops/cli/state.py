"""What one run of the command line knows from its global options and the environment."""

import getpass
import os
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eduops.core.home import Home


@dataclass
class State:
    """The global options; `now` and `home` are read once, when first asked for."""

    home_option: Path | None
    debug: bool
    command: str = ""
    """The command that is run, as `eduops noun verb`; known once its own words were read."""

    @cached_property
    def now(self) -> datetime:
        from eduops.core import clock

        return clock.read_now(os.environ.get("EDUOPS_NOW"))

    @cached_property
    def home(self) -> "Home":
        from eduops.core.home import find_home

        return find_home(self.home_option, os.environ)

    @property
    def actor(self) -> str:
        """Who acts: EDUOPS_ACTOR, else the account's name. Raises UsageError where the account has none."""
        from eduops.core.errors import UsageError

        said = os.environ.get("EDUOPS_ACTOR", "").strip()
        if said:
            return said
        try:
            return getpass.getuser()
        except (KeyError, OSError) as error:
            raise UsageError(
                "不知道是谁在操作：当前账号没有名字", hint="设置环境变量 EDUOPS_ACTOR，写上操作人的姓名"
            ) from error
