"""Where the files shipped with eduops lie, in a checkout or a wheel: configs, templates and the agent."""

from pathlib import Path

from eduops.core.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent.parent


def find_shipped(*parts: str) -> Path:
    """The path of a shipped file or folder, such as ("configs", "schedule.yaml").

    Raises ConfigError where the installation lacks it.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise ConfigError(
        f"安装不完整：缺少随附文件 {'/'.join(parts)}",
        hint="重新安装 eduops；若从源码运行，请确认仓库完整",
    )


def agent_path() -> Path:
    """The folder to put on PYTHONPATH so that a child process can run `python -m eduops_agent`."""
    return find_shipped("agent", "eduops_agent").parent
