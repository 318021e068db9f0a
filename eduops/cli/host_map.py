"""`eduops host map` and `impact`."""

from eduops.cli.noun import Noun

verbs = Noun("全景图。")
