"""What the run log must not hold: passwords, tokens, numbers of people, and the values that somebody typed."""

import re
from collections.abc import Iterable, Sequence

HIDDEN = "…"
# Each with what takes its place. Compiled by their first use: most runs log no error.
_SECRETS = (
    # What SQLAlchemy and PostgreSQL say of the values that were written.
    (r"(?s)\[parameters: .*?\](?=\n|$)", "[parameters: …]"),
    (r"(?m)^(DETAIL: +Key \([^)]*\)=)\(.*\)", r"\1(…)"),
    (r"(?m)^(CONTEXT: +COPY \w+, line \d+(?:, column \w+)?).*", r"\1"),
    (r"(\w://)[^\s/@]*@", r"\1***@"),
    (r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}", r"\1 ***"),
    (r"(?i)([?&](?:key|access_token|sign|token|secret)=)[^&\s\"']+", r"\1***"),
    (r"(/(?:hook|send)/)[\w-]{8,}", r"\1***"),
    (
        r"(?i)((?:passw(?:or)?d|pwd|passphrase|token|secret|api_?key|credential|密码|口令)\w*[\"']?\s*[=:：]\s*)"
        r"(\"[^\"]*\"|'[^']*'|[^\s，。；,;&]+)",
        r"\1***",
    ),
    # Telephones, identity cards, bank cards: long runs of digits that are no hash and no instant.
    (r"(?<![A-Za-z0-9_.])\+?\d{11,}[Xx]?(?![A-Za-z0-9_])", "***"),
    (r"(?<![A-Za-z0-9_.])(?:\d{3}[ -]\d{4}[ -]\d{4}|0\d{2,3}-\d{7,8})(?![A-Za-z0-9_])", "***"),
)
_PLAIN = (
    r"[A-Z]{2,4}-\d{4}-\d{1,6}",  # a reference
    r"\d{4}-?\d{2}-?\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:[+-]\d{2}:?\d{2}|Z)?)?|\d{1,2}:\d{2}",
    r"\d{4}(?:Q[1-4]|-\d{2})",  # a period
    r"\d{1,4}",
)


def redact(text: str, *, typed: Iterable[str] = ()) -> str:
    """The text without secrets, and without the typed values that `redact_arguments` leaves out."""
    for value in sorted(set(typed), key=len, reverse=True):
        if len(value) > 1:
            text = text.replace(value, HIDDEN)
    for pattern, instead in _SECRETS:
        text = re.sub(pattern, instead, text)
    return text


def redact_arguments(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What was typed after a command, as it may be logged, and the values that may not.

    Names of options stay, and so do references, days and small numbers; of a file its ending stays.
    """
    shown, hidden = [], []
    for word in words:
        option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
        if word.startswith("-") and re.fullmatch(r"--?[a-z][a-z0-9-]*", option) is None:
            option, value = "", word
        if option and not equals:
            shown.append(option)
        elif any(re.fullmatch(pattern, value) for pattern in _PLAIN):
            shown.append(f"{option}{equals}{value}")
        else:
            shown.append(f"{option}{equals}{HIDDEN}{_ending(value)}")
            hidden.append(value)
    return shown, hidden


def _ending(value: str) -> str:
    found = re.search(
        r"\.(?:xlsx|xls|xlsb|ods|csv|docx|yaml|json|jsonl|txt|zip|gz|whl|db|svg)$", value.lower()
    )
    return found[0] if found else ""
