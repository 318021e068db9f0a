"""Jobs as backup.yaml would make them, and the round from a dump to a restored copy."""

import secrets

from eduops.backup import engine
from eduops.backup.configuration import Source
from eduops.backup.engine import scratch as guard
from eduops.backup.engine.job import Job, Scratch
from eduops.backup.rules import compare
from eduops.core.home import Home


def make_job(folder, name, routes=None, avoid=(), **source):
    return Job(name, Source.model_validate(source), Home(folder), routes or {}, avoid)


def make_scratch(folder, name="eduops_scratch_test"):
    scratch = Scratch(f"{name}_{secrets.token_hex(3)}", secrets.token_hex(16), folder)
    scratch = Scratch(scratch.name, scratch.token, folder / scratch.name)
    guard.make_folder(scratch.folder, token=scratch.token)
    return scratch


def dump(job, stage):
    stage.mkdir()
    dumped = engine.dump(job, stage)
    engine.check(job, stage)
    return dumped


def restore(job, stage, folder):
    """Restores a dump; gives the scratch place and every difference between the dump and what came of it."""
    dumped_again = engine.read_dump(job, stage)
    scratch = make_scratch(folder)
    engine.restore(job, stage, scratch)
    found = engine.read_restored(job, scratch)
    return scratch, found, compare(dumped_again or found, found)
