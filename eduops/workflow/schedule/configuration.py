"""schedule.yaml: the home's own where there is one, else the shipped one. It holds no secret, only where one lies."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from eduops.core.config import load_yaml
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped
from eduops.core.yaml_tree import load_tree
from eduops.workflow.schedule.rules import PLACE, PLACES, fill_words
from eduops.workflow.schedule.when import When

NAME = "schedule.yaml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
LEAST_KEPT_DAYS = 180
"""Clause 3.2(6): logs are kept at least so long."""


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "任务名写成 daily-patrol 的样子：小写字母开头，只有小写字母、数字和 -，不超过 40 个字"
        )
    return name


def _check_word(word: str) -> str:
    if not word.isprintable():
        raise ValueError("不能有换行等控制字符")
    return word


Name = Annotated[str, AfterValidator(_check_name)]
"""What a job is called: it names files and units too."""
Word = Annotated[str, Field(min_length=1), AfterValidator(_check_word)]
FindFault = Callable[[Sequence[str]], str | None]
"""What is wrong with a command's words; None where nothing is."""


class CatchUp(StrEnum):
    """What becomes of a due run that nobody began: it is run once, late, or left out."""

    ONCE = "once"
    SKIP = "skip"


class Job(BaseModel):
    """A command of eduops that runs by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Word
    command: Annotated[tuple[Word, ...], Field(min_length=1)]
    """The words after `eduops`; `{today}` and the like stand for days."""
    when: When
    limit_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """How long it may run; then it is ended."""
    catch_up: CatchUp = CatchUp.SKIP
    enabled: bool = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        unknown = [name for word in self.command for name in PLACE.findall(word) if name not in PLACES]
        if unknown:
            known = "、".join(f"{{{name}}}" for name in PLACES)
            raise ValueError(f"command 里不认识 {{{unknown[0]}}}；可用：{known}")
        return self


class Ping(BaseModel):
    """Where the address lies that is called each minute, so that somebody else notices silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url_file: Path | None = None
    url_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.url_file and self.url_env:
            raise ValueError("url_file 和 url_env 只能写一个")
        return self


class ScheduleConfig(BaseModel):
    """The whole file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keep_days: Annotated[int, Field(ge=LEAST_KEPT_DAYS, le=3660)] = 400
    """How long runs and what they printed are kept."""
    ping: Ping = Ping()
    jobs: dict[Name, Job] = Field(default_factory=dict)

    @property
    def enabled(self) -> Mapping[str, Job]:
        """The jobs that run."""
        return {name: job for name, job in self.jobs.items() if job.enabled}


def find_config_path(home: Path) -> Path:
    """The file in force: `<home>/schedule.yaml`, else the shipped example."""
    own = home / NAME
    return own if own.exists() else find_shipped("configs", NAME)


def load_config(home: Path) -> ScheduleConfig:
    """The file in force as checked values; its commands are not tried. Raises ConfigError with every problem."""
    return load_yaml(find_config_path(home), ScheduleConfig)


def check_config(home: Path, find_fault: FindFault, *, on: date) -> ScheduleConfig:
    """The file in force, its commands looked up too, as they read on a day.

    Raises ConfigError with every problem, each with its line.
    """
    config, path = load_config(home), find_config_path(home)
    tree = load_tree(path)
    for name, job in config.jobs.items():
        fault = find_fault(fill_words(job.command, on))
        if fault:
            tree.add(("jobs", name, "command"), fault)
    if tree.problems:
        raise ConfigError(
            f"配置文件 {path} 有 {len(tree.problems)} 处问题", hint="逐条改正后再运行", problems=tree.problems
        )
    return config
