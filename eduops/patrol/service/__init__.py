"""What we do with patrols: one unit of work a function, never committing."""

from eduops.patrol.service.run import fail_run, finish_run, ingest, start_run

__all__ = ["fail_run", "finish_run", "ingest", "start_run"]
