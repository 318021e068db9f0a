"""patrol.yaml: the home's own where there is one, else the shipped one."""

from pathlib import Path

from eduops.core.config import load_yaml
from eduops.core.shipped import find_shipped
from eduops.patrol.rules.threshold import PatrolConfig

_NAME = "patrol.yaml"


def find_config_path(home: Path) -> Path:
    """The file in force: `<home>/patrol.yaml`, else the shipped example."""
    own = home / _NAME
    return own if own.exists() else find_shipped("configs", _NAME)


def load_config(path: Path) -> PatrolConfig:
    """The file as checked values. Raises ConfigError with every problem."""
    return load_yaml(path, PatrolConfig)
