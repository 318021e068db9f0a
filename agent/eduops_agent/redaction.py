"""What must not leave the host: passwords in command lines and addresses, numbers of people in log lines."""

import re

_NAMED = re.compile(
    r"(?i)((?:password|passwd|pwd|token|secret|api_?key)\w*(?:\s*[=:]\s*|\s+))(\"[^\"]*\"|'[^']*'|\S+)"
)
_MYSQL = re.compile(r"(\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b.*?\s-p)(\S+)")
_CURL = re.compile(r"(\s(?:-u|--user)[ =]?\s*)([^\s:]+:\S+)")
_IN_ADDRESS = re.compile(r"(\w://)[^/\s@]*@")
_LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")


def redact_secrets(text: str) -> str:
    """The text with what looks like a password replaced by ***."""
    for pattern in (_NAMED, _MYSQL, _CURL):
        text = pattern.sub(r"\1***", text)
    return _IN_ADDRESS.sub(r"\1***@", text)


def redact_line(text: str) -> str:
    """A log line without passwords, and without numbers long enough to be a telephone or an identity card."""
    return _LONG_NUMBER.sub("***", redact_secrets(text))
