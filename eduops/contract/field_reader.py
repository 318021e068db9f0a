"""Fields of one outside object, read by kind; every problem is kept, none is raised."""

import difflib
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from eduops.contract.instant import parse_instant
from eduops.core.errors import InputError

Record = Mapping[str, object]

_TRUTHS = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}


class FieldReader:
    """Reads fields of a record and of the records inside it; `problems` are Chinese sentences.

    `say` gives the name by which a problem names its field, such as the head of a table's column.
    """

    def __init__(self, zone: ZoneInfo, say: Callable[[str], str] = str) -> None:
        self._zone = zone
        self._say = say
        self.problems: list[str] = []

    def refuse_unknown(self, record: Record, known: frozenset[str], within: str = "") -> None:
        """Notes every key that is not known, with the likeliest one that is."""
        if record.keys() <= known:
            return
        for key in sorted(record.keys() - known, key=str):
            close = difflib.get_close_matches(str(key), known, n=1)
            self.add(f"{within}{key}", "不认识这个字段" + (f"，是不是 {close[0]}？" if close else ""))

    def text(self, record: Record, name: str, within: str = "", *, needed: bool = False) -> str:
        """A text without blanks around it; whole numbers count as text. Empty where there is none."""
        value = record.get(name)
        if isinstance(value, str):
            value = value.strip()
        elif value is None:
            value = ""
        elif isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        elif isinstance(value, float) and value.is_integer():
            # Spreadsheets hand whole numbers over as floats.
            value = str(int(value))
        else:
            self.add(within + name, f"「{value}」应是文字")
            return ""
        if needed and not value:
            self.add(within + name, "不能为空")
        return value

    def word(self, record: Record, name: str, words: Mapping[str, str], default: str) -> str:
        """The stored word for one that is allowed, English or Chinese."""
        value = record.get(name)
        if isinstance(value, str) and value in words:
            return words[value]
        text = self.text(record, name) or default
        if text not in words:
            self.add(name, f"「{text}」不在允许的值里：{_list_choices(words)}")
            return default
        return words[text]

    def truth(self, record: Record, name: str) -> bool:
        """A yes or no; nothing is no."""
        value = record.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        found = _TRUTHS.get(str(value).strip().lower())
        if found is None and str(value).strip():
            self.add(name, f"「{value}」应写 是（true）或 否（false）")
        return bool(found)

    def instant(
        self, record: Record, name: str, within: str = "", *, needed: bool = False, day_end: bool = False
    ) -> datetime | None:
        """An instant in UTC; None where there is none."""
        value = record.get(name)
        if value is None or value == "":
            if needed:
                self.add(within + name, "不能为空")
            return None
        try:
            return parse_instant(value, self._zone, day_end=day_end)
        except InputError as error:
            self.add(within + name, error.message)
            return None

    def records(self, record: Record, name: str) -> list[Record]:
        """A list of objects; none where there is none."""
        value = record.get(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
            self.add(name, "应是对象的列表")
            return []
        return list(value)

    def add(self, name: str, message: str) -> None:
        """Notes a problem of a field."""
        self.problems.append(f"{self._say(name)}：{message}")


def _list_choices(words: Mapping[str, str]) -> str:
    """Every stored word with the first Chinese one for it: `software（软件）、hardware（硬件）`."""
    chinese = {stored: word for word, stored in reversed(list(words.items())) if word != stored}
    return "、".join(f"{stored}（{chinese[stored]}）" for stored in dict.fromkeys(words.values()))
