"""Who acts, where an account's name is not enough."""

import os

from eduops.core.errors import NotAllowed


def require_actor(what: str) -> None:
    """Raises NotAllowed where EDUOPS_ACTOR does not say who does this."""
    if not os.environ.get("EDUOPS_ACTOR", "").strip():
        raise NotAllowed(f"{what}要写明是谁做的", hint="设置环境变量 EDUOPS_ACTOR=姓名 后再运行")
