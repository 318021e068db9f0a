"""The page of error codes names every code that the question bank's rules give, and no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = ROOT / "eduops" / "training" / "rules"
MAKERS = {"error", "_error", "_fail", "Problem", "RowError", "Reading"}
FIELDS = {"any_order", "shared_stem", "option_text", "option_right"}
CODE = re.compile(r"[a-z]+(_[a-z]+)+")


def list_codes(path: Path) -> set[str]:
    """Words like codes among what is given to the makers of errors, and among what is assigned to `code`."""
    codes: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = [*node.args, *(keyword.value for keyword in node.keywords)] if name in MAKERS else []
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            given = node.value.elts if "code" in ast.dump(node.targets[0]) else []
        else:
            continue
        codes |= {
            each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)
        }
    return {code for code in codes if CODE.fullmatch(code)} - FIELDS


def test_every_code_has_its_line_and_every_line_a_code() -> None:
    page = (ROOT / "docs" / "question-errors.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    given = set().union(*map(list_codes, [*RULES.glob("bank_*.py"), RULES / "question.py"]))
    assert sorted(given) == told
    assert len(given) > 40
