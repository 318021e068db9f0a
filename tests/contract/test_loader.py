"""The contract file is checked whole: every problem with its line and a Chinese sentence."""

import re
from pathlib import Path

import pytest

from eduops.contract.clause_rule import build_rules
from eduops.contract.loader import check_contract, load_contract
from eduops.contract.rule_book import RULES
from eduops.contract.schema import Contract
from eduops.core.errors import ConfigError
from eduops.core.shipped import find_shipped

SHIPPED = find_shipped("configs", "contracts", "remote-education-2024-2026.yaml")


def _write(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "合同.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_contract_has_no_problems() -> None:
    assert check_contract(SHIPPED) == ()


@pytest.mark.parametrize(
    ("old", "new", "needle", "message"),
    [
        ("zone: Asia/Shanghai", "zone: Asia/Shanghia", "zone:", "不认识的时区「Asia/Shanghia」"),
        ("zone: Asia/Shanghai", "zone: ../etc", "zone:", "不认识的时区「../etc」"),
        ("zone: Asia/Shanghai", "zone: 8", "zone:", "应是文字（数字请加引号）"),
        ("zone: Asia/Shanghai", "zoen: Asia/Shanghai", "zoen:", "不认识的键「zoen」，是不是「zone」？"),
        ("years: 2", "years: 2, year: 3", "year: 3", "不认识的键「year」，是不是「years」？"),
        ("years: 2", "years: two", "years:", "应是整数"),
        ("years: 2", "years: 2.5", "years:", "应是整数"),
        ("years: 2", "years: 0", "years:", "「0」不能小于 1"),
        ("years: 2", "years: 51", "years:", "「51」不能大于 50"),
        ("start: 2024-12-01", "start: 2024-13-01", "start:", "「2024-13-01」这一天不存在"),
        ("start: 2024-12-01", "start: 0001-01-01", "start:", "「0001-01-01」应在 1990-01-01 到 2100-01-01 之间"),
        ("start: 2024-12-01", "start: 1989-12-31", "start:", "应在 1990-01-01 到 2100-01-01 之间"),
        ("start: 2024-12-01", "start: 2100-01-02", "start:", "应在 1990-01-01 到 2100-01-01 之间"),
        ("start: 2024-12-01", "start: 9998-01-01", "start:", "应在 1990-01-01 到 2100-01-01 之间"),
        ("start: 2024-12-01", "start: 20241201", "start:", "「20241201」不是日期"),
        ("start: 2024-12-01", "start: 2024-12-01 08:00:00", "start:", "不是日期"),
        ("working_days_only: true", "working_days_only: yes", "working_days_only", "应是 true 或 false"),
        ('from: "08:00", to: "12:00"', 'from: "8点", to: "12:00"', "8点", "「8点」不是一天中的时刻"),
        ('from: "08:00", to: "12:00"', 'from: "08:00", to: "24:01"', "24:01", "「24:01」不是一天中的时刻"),
        ('from: "08:00", to: "12:00"', 'from: "12:00", to: "12:00"', 'to: "12:00"', "开始（from）应早于结束（to）"),
        ('from: "14:00"', 'from: "11:00"', "on_site_window:", "tuesday 的现场服务时段互相重叠（11:00 早于 12:00）"),
        ("[tuesday, thursday]", "[tuesday, thirsday]", "thirsday", "「thirsday」不在允许的值里：monday、tuesday"),
        ("[tuesday, thursday]", "[]", "weekdays: []", "至少要有一项"),
        ("[tuesday, thursday]", "tuesday", "weekdays: tuesday", "应是列表"),
        ("swaps: []", "swaps: [{off: 2026-03-04, on: 2026-03-06, source: 甲}]", "on_site_window:", "本来就不是现场服务日"),
        ("swaps: []", "swaps: [{off: 2026-03-05, source: 甲}]", "swaps:", "缺少这一项"),
        (
            "remove: []",
            "remove: [{on: 2026-03-05, source: 甲},\n    {on: 2026-03-05, source: 乙}]",
            "{on: 2026-03-05, source: 乙}",
            "同一天写了不止一次：2026-03-05",
        ),
        ("year: contract ", "year: lunar ", "year: lunar", "「lunar」不在允许的值里：contract、calendar"),
        ("person_month_days: 21.75", "person_month_days: many", "person_month_days", "「many」不是数字"),
        ("person_month_days: 21.75", "person_month_days: -1", "person_month_days", "应是不小于 0 的数字"),
        ("person_month_days: 21.75", "person_month_days: .nan", "person_month_days", "「.nan」不是数字"),
        ("{code: east, name: 东院}", "{code: main, name: 东院}", "campuses:", "院区代码重复：main"),
        ("{code: east, name: 东院}", "{code: 东院, name: 东院}", "code: 东院", "只能用小写字母、数字和短横线"),
        ("{code: east, name: 东院}", "东院", "- 东院", "应是一组「键: 值」"),
        ("campuses: [main, east, huiya]", "campuses: [main, west]", "contract:", "basic-skills 的院区 west 不存在"),
        ("code: heshan-peoples-hospital", "code: huiya", "contract:", "机构代码重复：huiya"),
        ("title: 远程教育平台运维", 'title: ""\ncontract: a #', "contract: a", "键重复，第 3 行已经写过"),
        ("consequence: breach", "consequence: fine", "consequence: fine", "「fine」不在允许的值里：breach、obligation"),
        ("{after_minutes: 480}", "{after_minutes: 八小时}", "after_minutes", "「八小时」不是数字"),
        ("after_minutes: 480}", "after_minutes: 10000001}", "10000001", "「10000001」太大，应不大于 10000000"),
        ("after_minutes: 480}", "after_minutes: 10000000.01}", "10000000.01", "太大，应不大于 10000000"),
        ("after_minutes: 480}", "after_minutes: 1.0e+18}", "1.0e+18", "「1e+18」太大，应不大于 10000000"),
        ("after_minutes: 480}", f"after_minutes: {'9' * 300}}}", "999", f"「{'9' * 30}…」太大，应不大于"),
        ("person_month_days: 21.75", "person_month_days: 1.0e+18", "person_month_days", "太大，应不大于 10000000"),
        ("days: 14", "days: 36501", "36501", "days 的「36501」太大，应不大于 36500"),
        ("manager_years: 3", "manager_years: 101", "101", "manager_years 的「101」太大，应不大于 100"),
        ("{after_minutes: 480}", "{after_minuts: 480}", "after_minuts", "是不是「after_minutes」？"),
        ("{after_minutes: 480}", "{}", "plan: {}", "缺少这个数值"),
        ("{after_minutes: 480}", "480", "plan: 480", "应是一组「键: 值」"),
        ("{after_minutes: 480}", "{after_minutes: 480, kept_from: 明天}", "kept_from: 明天", "「明天」不是日期"),
        ("      arrival:", "      arival:", "arival:", "不认识的键「arival」，是不是「arrival」？"),
        ("[system_stoppages]", "[sistem_stoppages]", "sistem_stoppages", "「sistem_stoppages」不在允许的值里："),
        ("duties: [system_stoppages]", "duties: []", "recovery:", "它属于职责 system_stoppages、department_stoppages"),
        ("[department_stoppages]", "[system_stoppages]", "[system_stoppages]", "已由条款「2.5」承担"),
        ("[system_stoppages]", "[system_stoppages, department_stoppages]", "recovery:", "同属本条的两项职责"),
        ("[vulnerability]", "[vulnerability, review]", "duties:", "职责「review」没有任何规则，rules 里应有：monthly"),
    ],
)  # fmt: skip
def test_each_slip_is_named_at_its_line(
    tmp_path: Path, old: str, new: str, needle: str, message: str
) -> None:
    path = _write(tmp_path, (old, new))
    hits = [problem for problem in check_contract(path) if message in problem.message]
    assert hits, check_contract(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert needle in lines[(hits[0].line or 0) - 1] or hits[0].address.endswith("arrival")
    assert f"第 {hits[0].line} 行" in hits[0].address


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("start: 2024-12-01", "start: 1990-01-01"),
        ("start: 2024-12-01", "start: 2100-01-01"),
        ("after_minutes: 480}", "after_minutes: 10000000}"),
        ("days: 14", "days: 36500"),
    ],
)
def test_the_bounds_themselves_are_let_in(tmp_path: Path, old: str, new: str) -> None:
    assert check_contract(_write(tmp_path, (old, new))) == ()


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        ("years: 2", "years: two"),
        ("zone: Asia/Shanghai", "zone: Mars"),
        ("{after_minutes: 480}", "{}"),
        ("season: 全年开展", "seasom: 全年开展"),
    )
    messages = " ".join(problem.message for problem in check_contract(path))
    for part in ("应是整数", "不认识的时区", "缺少这个数值", "是不是「season」"):
        assert part in messages
    with pytest.raises(ConfigError) as error:
        load_contract(path)
    assert len(error.value.problems) == len(check_contract(path)) == 5
    assert error.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "文件是空的"),
        (b"# only a comment\n", "文件是空的"),
        (b"just words\n", "应是一组「键: 值」"),
        (b"- a\n- b\n", "应是一组「键: 值」"),
        ("title: 合同".encode("gb18030"), "文件不是 UTF-8 编码"),
        (b"a: [1, 2\nb: 3\n", "不符合 YAML 语法"),
        (b"a: b: c\n", "不符合 YAML 语法"),
        (b"a:\n\t- b\n", "不符合 YAML 语法"),
        (b"a: \x07\n", "YAML 不允许的字符"),
        (b"a: &x [1]\nb: *x\n", "不支持 YAML 别名（*x）"),
        (b"a: 1\n---\nb: 2\n", "一个文件只能有一份内容"),
        (b"? [a, b]\n: 1\n", "键应是一个词"),
        (b"a: !!python/object:os.system x\n", "不支持 YAML 标签"),
        (b"a: " + b"[" * 60 + b"]" * 60 + b"\n", "嵌套超过 40 层"),
        (b"a: " + b"[" * 200_000 + b"\n", "嵌套超过 40 层"),
        (b"a: x\n" * 500_000, "超过 2 MB"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_files_that_are_no_contract_are_refused_politely(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    assert any(message in problem.message for problem in check_contract(path)), check_contract(path)


def test_a_small_file_that_unfolds_into_billions_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert "不支持 YAML 别名" in check_contract(path)[0].message


def test_a_setting_may_not_choose_a_duty_that_no_clause_carries(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        ("stoppage_count: system_stoppages ", "stoppage_count: stoppages_of_term "),
        ("    duties: [stoppages_of_term]\n    rules:\n      contract_count: {count: 1}\n", ""),
    )
    assert [each.message for each in check_contract(path)] == [
        "选用了职责「stoppages_of_term」的限值，但没有条款承担这项职责"
    ]


def test_a_clause_without_duties_and_a_contract_without_clauses_can_be_read(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    path = tmp_path / "bare.yaml"
    path.write_text(text[: text.index("clauses:\n")] + "clauses: {}\n", encoding="utf-8")
    assert check_contract(path) == ()


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert [each.message for each in check_contract(tmp_path / "none.yaml")] == ["文件不存在"]
    assert "是一个目录" in check_contract(tmp_path)[0].message


def test_no_message_is_english(tmp_path: Path) -> None:
    """Every value of the file replaced by one of another kind: no sentence of the libraries comes through."""
    text = SHIPPED.read_text(encoding="utf-8")
    slips = ["null", "[]", "{}", "[x]", "1", "1.5", "true", '""', "{a: b}", "x"]
    path = tmp_path / "slip.yaml"
    for slip in slips:
        changed = re.sub(r"(?m)^( {0,8}[\w\"().-]+): .+$", rf"\1: {slip}", text)
        path.write_text(changed, encoding="utf-8")
        for problem in check_contract(path):
            assert re.search(r"[一-鿿]", problem.message), problem
            assert not re.search(
                r"(?i)input|should|valid|required|permitted|value error|field", problem.message
            ), problem


def test_unquoted_clause_numbers_and_times_are_read_as_written(tmp_path: Path) -> None:
    path = _write(tmp_path, ('  "2.10":', "  2.10:"), ('from: "14:00"', "from: 14:00"))
    assert check_contract(path) == ()
    assert "2.10" in load_contract(path).clauses


def test_a_bom_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SHIPPED.read_bytes())
    assert check_contract(path) == ()


def test_the_contract_cannot_be_changed(contract: Contract) -> None:
    with pytest.raises(ValueError, match="frozen"):
        contract.title = "x"


def test_the_shipped_file_holds_what_the_text_lists(contract: Contract) -> None:
    assert len(contract.programmes) == 11
    assert [campus.name for campus in contract.campuses] == ["院本部", "东院", "惠亚"]
    bureau, heshan = contract.outside_bodies
    assert (bureau.name, len(bureau.members), bureau.learners, bureau.fee) == (
        "番禺区卫生健康局",
        27,
        7683,
        "收费",
    )
    assert (heshan.name, heshan.number, heshan.signed_years) == ("鹤山市人民医院", 114, 3)
    tenth = bureau.members[9]
    assert (tenth.quote, tenth.name) == (
        "州市番禺区洛浦街社区卫生服务中心",
        "广州市番禺区洛浦街社区卫生服务中心",
    )
    # Rules that the text does not know.
    left_out = {("system_stoppages", "month_count"), ("department_stoppages", "month_minutes")}
    assert set(build_rules(contract)) == set(RULES) - left_out
    breaches = [number for number, clause in contract.clauses.items() if clause.consequence == "breach"]
    assert breaches == ["2.3", "2.5", "2.6"]


def test_quotes_stand_word_for_word_in_the_contract_text(contract: Contract) -> None:
    text_file = Path(__file__).parents[2] / ".." / "shared" / "contract" / "service-scope.zh.txt"
    if not text_file.exists():
        return
    text = re.sub(r"\s", "", text_file.read_text(encoding="utf-8"))
    for number, clause in contract.clauses.items():
        assert re.sub(r"\s", "", clause.quote) in text, number
    for programme in contract.programmes:
        assert re.sub(r"\s", "", programme.name) in text
        assert re.sub(r"\s", "", programme.audience_quote) in text
    for member in contract.outside_bodies[0].members:
        assert f"{member.number}.{member.quote or member.name}" in text
