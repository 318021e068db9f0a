"""What must not leave the host: passwords in command lines and addresses, numbers of people in log lines."""

import re

# Kept as text and compiled by their first use, which most probes never come to.
_NAMED = (
    r"(?i)((?:passw(?:ord|d)|pwd|passphrase|credential|token|secret|api_?key|requirepass|密码|口令)\w*"
    r"[\"']?(?:\s*[=:：]\s*|\s+))(\"[^\"]*\"|'[^']*'|\S+)"
)
_SHORT = r"(?i)((?:\b|_|-D)(?:pass|auth)[\"']?\s*[=:：]\s*)(\"[^\"]*\"|'[^']*'|\S+)"
_HEADER = r"(?i)(\b(?:bearer|basic)\s+)([\w.~+/=-]{6,})"
_CLIENT = r"(\b(?:sshpass|redis-cli|mongodump|mongo|ldapsearch)\b.*?\s(?:-p|-a|-w|--pass)[ =]?)(\S+)"
_MYSQL = r"(\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b.*?\s-p)(\S+)"
_CURL = r"(\s(?:-u|--user)[ =]?\s*)([^\s:]+:\S+)"
_IN_ADDRESS = r"(\w://)[^\s@]*@"
_LONG_NUMBER = r"\d{11,}[Xx]?"


def redact_secrets(text: str) -> str:
    """The text with what looks like a password replaced by ***."""
    for pattern in (_NAMED, _SHORT, _HEADER, _CLIENT, _MYSQL, _CURL):
        text = re.sub(pattern, r"\1***", text)
    return re.sub(_IN_ADDRESS, r"\1***@", text)


def redact_line(text: str) -> str:
    """A log line without passwords, and without numbers long enough to be a telephone or an identity card."""
    return re.sub(_LONG_NUMBER, "***", redact_secrets(text))
