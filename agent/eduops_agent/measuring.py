"""One patrol of this host: the probes that are wanted, and the document made of what they say."""

import os
from typing import Any, Dict, List, Optional

from eduops_agent import document, instant
from eduops_agent.config import Config
from eduops_agent.context import LIGHT_REASON, Context
from eduops_agent.outcome import Section, leave_out
from eduops_agent.probes import HEAVY, PROBES, UNCONFIGURED


def measure_host(
    config: Config, names: List[str], *, spool: Optional[Dict[str, Any]] = None
) -> document.Document:
    """The document of the probes named, in the order of the list and each once, whatever was asked for.

    `spool` is what a loop tells of its own.
    """
    psutil = import_psutil()
    started_at = instant.now_seconds()
    sections = _run(config, [name for name in PROBES if name in names], psutil)
    return document.build_document(
        sections,
        host=document.read_host(),
        measured_at=instant.render_instant(started_at),
        interval_seconds=config.interval_seconds,
        psutil_version=psutil.__version__ if psutil else None,
        is_light=config.is_light,
        spool=spool,
    )


def import_psutil() -> Any:
    """The module, or None where it is not there or was built for another interpreter: /proc will do then."""
    try:
        import psutil
    except Exception:  # noqa: BLE001  a broken build raises anything
        return None
    return psutil


def _run(config: Config, names: List[str], psutil: Any) -> List[Section]:
    left_out = {name: reason for name in names for reason in [_find_reason(config, name)] if reason}
    contexts = {
        name: Context(
            config.sections.get(name),
            config.interval_seconds,
            config.timeout_seconds,
            psutil,
            config.is_light,
            config.state_folder,
        )
        for name in names
        if name not in left_out
    }
    found = {name: leave_out(name, reason, at=instant.now_seconds()) for name, reason in left_out.items()}
    found.update((section["name"], section) for section in _pick_runner().run_probes(PROBES, contexts))
    return [found[name] for name in names]


def _find_reason(config: Config, name: str) -> str:
    """Why the probe need not be started; nothing where it must."""
    if config.is_light and name in HEAVY:
        return LIGHT_REASON
    return "" if config.sections.get(name) else UNCONFIGURED.get(name, "")


# Any: a module; the two have the same function.
def _pick_runner() -> Any:
    if hasattr(os, "fork"):
        from eduops_agent import runner

        return runner
    from eduops_agent import child_runner

    return child_runner
