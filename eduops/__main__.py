"""`python -m eduops` is `eduops`."""

from eduops.cli.main import run

run()
