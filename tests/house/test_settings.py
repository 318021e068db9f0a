"""Whoever opens `eduops.yaml` finds every key explained, in the code and in the file that `init` writes."""

import ast
import inspect
from pathlib import Path

from eduops.core import home
from eduops.workflow import layout


def documented_fields() -> set[str]:
    """The fields of Settings that a string follows, as our attribute docstrings do."""
    body = ast.parse(inspect.getsource(home.Settings)).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def test_every_setting_says_what_it_is_for() -> None:
    assert documented_fields() == set(home.Settings.model_fields)


def test_a_new_home_names_every_setting_with_a_comment_beside_or_above_it(tmp_path: Path) -> None:
    laid = home.Home(tmp_path / "home")
    layout.lay_out(laid)
    lines = laid.settings_path.read_text(encoding="utf-8").splitlines()
    for key in home.Settings.model_fields:
        # A key that most homes leave out stands there commented.
        at = next((n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{key}:")), None)
        assert at is not None, f"init does not write {key}"
        assert "#" in lines[at].removeprefix("# ") or lines[at - 1].startswith("# "), f"{key} has no comment"


def test_the_settings_of_a_new_home_are_the_defaults(tmp_path: Path) -> None:
    laid = home.Home(tmp_path / "home")
    layout.lay_out(laid)
    assert laid.load_settings() == home.Settings()
