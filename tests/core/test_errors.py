"""The tree of errors and the exit code of each; shipped files are found or missed in a sentence."""

import pytest

from eduops.cli.failure import exit_code
from eduops.core import errors, shipped
from eduops.core.errors import ConfigError, EduopsError, InputError, OutsideError, Problem


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.ConfigError, 3),
        (errors.InputError, 3),
        (errors.EduopsError, 4),
        (errors.NotFound, 4),
        (errors.Conflict, 4),
        (errors.NotAllowed, 4),
        (errors.OutsideError, 5),
    ],
)
def test_every_error_is_ours_and_has_its_exit_code(kind, code):
    error = kind("出了什么事（虚构）", hint="下一步（虚构）")
    assert isinstance(error, EduopsError)
    assert (error.message, error.hint, str(error)) == (
        "出了什么事（虚构）",
        "下一步（虚构）",
        "出了什么事（虚构）",
    )
    assert exit_code(error) == code


def test_no_error_is_left_out_of_the_tree():
    tree = errors.__doc__
    kinds = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, EduopsError)
    ]
    assert all(kind.__name__ in tree for kind in kinds if not kind.__name__.startswith("_"))


@pytest.mark.parametrize("kind", [ConfigError, InputError])
def test_file_errors_list_every_problem_with_its_address(kind):
    problems = [Problem("题库.xlsx", "Sheet1!C7", "没有答案"), Problem("题库.xlsx", "Sheet1!D9", "重复")]
    error = kind("题库有 2 处问题", problems=problems)
    assert error.problems == tuple(problems)
    assert [str(problem) for problem in error.problems] == [
        "题库.xlsx Sheet1!C7：没有答案", "题库.xlsx Sheet1!D9：重复",
    ]  # fmt: skip


def test_outside_error_keeps_the_end_of_what_the_program_said():
    error = OutsideError("失败", source="pg_dump", detail="a" * 3000 + "Ende")
    assert len(error.detail) == 2000
    assert error.detail.endswith("Ende")


def test_shipped_files_are_found_and_a_missing_one_is_said():
    assert shipped.find_shipped("configs", "patrol.yaml").is_file()
    assert (shipped.agent_path() / "eduops_agent" / "__main__.py").is_file()
    with pytest.raises(ConfigError, match=r"configs/none\.yaml"):
        shipped.find_shipped("configs", "none.yaml")
