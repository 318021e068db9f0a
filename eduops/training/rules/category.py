"""The categories of people that the contract and the hospital know."""

CATEGORIES = {
    "resident": "住培生",
    "commissioned": "委培生",
    "postgraduate": "研究生",
    "doctoral": "博士生",
    "postdoctoral": "博士后",
    "undergraduate": "本科生",
    "licensed_physician": "执业医师",
    "doctor": "医生",
    "nurse": "护士",
    "pharmacist": "药师",
    "technician": "医技",
    "tutor": "导师",
}
"""Stored word → Chinese."""

# Other words for the same people, as rosters have them; what could mean two of them is not here.
_OTHER_WORDS = {
    "规培生": "resident", "规培学员": "resident", "住培学员": "resident", "住培": "resident", "规培": "resident",
    "委培学员": "commissioned", "委培": "commissioned", "硕士研究生": "postgraduate", "硕士生": "postgraduate",
    "博士研究生": "doctoral", "本科": "undergraduate", "医师": "doctor", "护理": "nurse", "护理人员": "nurse",
    "护师": "nurse", "药剂师": "pharmacist", "药剂": "pharmacist", "医技人员": "technician", "技师": "technician",
}  # fmt: skip
_BY_CHINESE = {chinese: word for word, chinese in CATEGORIES.items()} | _OTHER_WORDS


def find_category(text: str) -> str | None:
    """The stored word for what a roster says."""
    return _BY_CHINESE.get(text)
