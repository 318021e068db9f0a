"""What is left out while people sit an exam, and how that is said: pure."""

from collections.abc import Mapping, Sequence

from eduops.patrol.rules.document import Document, Section
from eduops.patrol.rules.threshold import PROBES, PatrolConfig

_LEFT_OUT = "考试进行中"
"""How the agent begins its reason for what it left out."""


def make_light(config: PatrolConfig, codes: Sequence[str]) -> PatrolConfig:
    """The configuration with which the agents of these hosts leave out what is heavy."""
    light: Mapping[str, bool] = {"light": True}
    agents = {**config.agents, **{code: {**config.agents.get(code, {}), **light} for code in codes}}
    return config.model_copy(update={"agents": agents})


def is_left_out(section: Section) -> bool:
    """Whether the agent left a probe out whole because of an exam."""
    return section.status == "not_checked" and section.reason.startswith(_LEFT_OUT)


def say_left_out(document: Document) -> str:
    """The note of a light patrol: which probes it left out whole, beside the heavy parts of others."""
    names = [PROBES.get(section.name, section.name) for section in document.probes if is_left_out(section)]
    whole = f"整项未查：{'、'.join(names)}" if names else "没有整项未查的"
    return f"考试进行中，未做重负载检查（{whole}）"
