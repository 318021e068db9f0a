"""How long `eduops learner import` takes for rosters of 100,000 and 400,000 people, on SQLite and on PostgreSQL.

Measured as `bank_import.py` does: against python-calamine reading the same file and one raw `executemany` (or COPY) a
table of the very rows that the command left behind. The roster is invented (虚构): eight columns, every ID number with
its check character and every telephone another. Leaves with 1 where a limit is passed.
"""

import random
import sys
from pathlib import Path

from bank_import import Job, measure, parse_rows
from xlsxwriter import Workbook

ROWS = 100_000
ROSTER = Job(
    noun="people",
    words=("learner", "import"),
    options=("--tenant", "main", "--invented"),
    counted="added",
    tables=("learner", "key_check", "counter", "audit_entry"),
    before=(("init",), ("tenant", "sync")),
)
HEADINGS = ("工号", "姓名", "人员类别", "科室", "职称", "层级", "手机号", "身份证号")
CATEGORIES, TITLES = ("护士", "医生", "住培生", "药师"), ("初级", "中级", "高级")
DEPARTMENTS = tuple(f"虚构{word}科" for word in "内外妇儿急检药")
SURNAMES, GIVEN = "赵钱孙李周吴郑王", "一二三四五六七八九十"
WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))


def write_roster(path: Path, rows: int) -> None:
    """Writes the invented roster, the same for the same number of rows."""
    chance = random.Random(20241201)
    with Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, HEADINGS)
        for number in range(1, rows + 1):
            name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2))
            words = (chance.choice(CATEGORIES), chance.choice(DEPARTMENTS), chance.choice(TITLES))
            person = (f"{number:06d}", name, *words, f"N{number % 5}", f"138{number:08d}", id_number(number))
            sheet.write_row(number, 0, person)


def id_number(number: int) -> str:
    """The made-up ID number of a running number, another for each."""
    day, order = divmod(number, 999)
    body = f"440101{1950 + day // 28 // 12 % 50}{1 + day // 28 % 12:02d}{1 + day % 28:02d}{order + 1:03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


if __name__ == "__main__":
    sys.exit(int(not measure(ROSTER, write_roster, parse_rows(ROWS, __doc__ or ""))))
