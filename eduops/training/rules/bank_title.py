"""Titles of sections and notes between the questions: told from open questions, which stand alone in their row too."""

import re
import unicodedata

from eduops.training.rules.bank_word import ANY_TYPE

_NUMERAL = "[一二三四五六七八九十]{1,3}"
_NUMBER = rf"(?:第?{_NUMERAL}[、.:)]|\({_NUMERAL}\)|\d{{1,2}}[、.)])"
_PART = r"第(?:[一二三四五六七八九十百]{1,4}|\d{1,3})(?:部分|大题|单元|[部章节篇卷])"
_ENDING = "(?:试题|型题|题型|题|型)"
_TYPES = rf"(?:{ANY_TYPE}){_ENDING}{{0,2}}(?:[和与及或、/+&,;]?(?:{ANY_TYPE}){_ENDING}{{0,2}})*"
_TAIL = r"(?:[:,;。]?(?:本|共|总|每|满分|计|\d).{0,40})?"
_NAMED = re.compile(rf"(?P<number>{_NUMBER}|{_PART}[、:]?)?(?P<types>{_TYPES}){_TAIL}")
_QUALIFIED = re.compile(
    rf"(?:{_NUMBER}|{_PART}[、:]?)?(?P<name>.{{1,20}}?)(?:{ANY_TYPE})(?:试题|型题|题型|题){_TAIL}"
)
_OTHER_TYPE = re.compile(rf"{_NUMBER}(?P<name>.{{1,8}}?)(?<![问难课主话议标])题{_TAIL}")
_PARTED = re.compile(rf"(?:{_NUMBER}\s*)?{_PART}(?:$|[\s:、.\-—](?P<name>.{{0,30}})$)")
_BRACKETED = re.compile(r"\([^()]*[^()一二三四五六七八九十][^()]*\)|【[^【】]*】|\[[^\[\]]*\]")
_ASKS = re.compile(
    "何|什么|哪|怎|吗|请|谁|几|是|[?。]|[简试叙论描口阐概]述|说明|列举|举例|写出|指出|解释|分析|比较|区别|特点|意义|原因"
)
_LONE = re.compile(rf"^\s*(?:第?{_NUMERAL}\s*[、.．:：)）章节篇]|第.{{1,4}}[部章节篇]|[(（]{_NUMERAL}[)）])")
_NOTE = re.compile(r"^\s*[(（【]?(?P<word>注|备注|说明|填写说明|注意|提示)\s*[:：】)）]")
_SURE_NOTES = frozenset({"注", "备注", "填写说明"})
_OF_FORMS = re.compile(
    "每题|每空|得分|分值|满分|答题|作答|填写|填入|必填|选填|题型|模板|导入|表头|[此本]列|删除|单元格|选项|本[题表卷]|答案"
)
_LONGEST_TITLE = 60


def is_title(text: str) -> bool:
    """Whether a lone cell is a section's title as a whole: it names types (一、单选题) or a part (第二章 虚构)."""
    if len(text) > _LONGEST_TITLE:
        return False
    spaced = _BRACKETED.sub("", unicodedata.normalize("NFKC", text).casefold()).strip()
    plain = "".join(spaced.split())
    named = _NAMED.fullmatch(plain)
    if named:
        return bool(named["number"]) or named["types"].endswith(("题", "型"))
    found = _QUALIFIED.fullmatch(plain) or _OTHER_TYPE.fullmatch(plain) or _PARTED.match(spaced)
    return found is not None and not _ASKS.search(found["name"] or "")


def is_numbered(text: str) -> bool:
    """Whether it begins as titles do. That is enough outside the column of the stems only."""
    return bool(_LONE.match(text)) and len(text) <= _LONGEST_TITLE


def is_note(text: str, *, is_stem: bool = False) -> bool:
    """Whether a lone cell is a note, such as 注：每题一分.

    In the column of the stems 说明：… and 注意：… must speak of the form: they may ask as well.
    """
    found = _NOTE.match(text)
    if found is None or not is_stem or found["word"] in _SURE_NOTES:
        return found is not None
    rest = text[found.end() :]
    return bool(_OF_FORMS.search(rest)) and not _ASKS.search(rest)
