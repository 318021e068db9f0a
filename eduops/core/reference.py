"""References that people say aloud: INC-2026-0042."""


def format_reference(prefix: str, year: int, number: int) -> str:
    """`INC-2026-0042` from ("INC", 2026, 42); past 9999 the number simply grows longer."""
    return f"{prefix}-{year}-{number:04d}"
