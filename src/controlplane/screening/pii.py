"""Detectors of personal data: email addresses, phone numbers, US social security numbers, cards.

Every format that the plain textbook patterns are written for is found; beyond them stand what
Luhn's check, the number ranges of issuers, and words nearby tell apart from other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.cards import cards
from controlplane.screening.detector import Detector, Span

_LETTER = r"\x01"
_LOCAL_PART = rf"(?:[A-Za-z0-9_][A-Za-z0-9._%+'-]*|{_LETTER}+)"
_LABEL = rf"[A-Za-z0-9{_LETTER}](?:[A-Za-z0-9{_LETTER}-]*[A-Za-z0-9{_LETTER}])?"
_TOP_LEVEL = rf"(?:xn--[A-Za-z0-9-]+|[A-Za-z]{{2,24}}|{_LETTER}{{2,24}})"

# ssa.gov/employer/randomization.html: no area 000, 666 or 9xx, no group 00, no serial 0000.
_AREA = r"(?:00[1-9]|0[1-9]\d|[1-578]\d\d|6[0-57-9]\d|66[0-57-9])"
_GROUP = r"(?:0[1-9]|[1-9]\d)"
_SERIAL = r"(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})"

# The tokens that stand for redacted values ([PHONE_1]) are no words.
_PHONE_WORDS = (
    r"(?i)(?:phone|mobile)s?(?:[^s_]|_[^0-9])|whats ?app|voicemail|hotline|"
    r"(?:^|[^a-z])(?:tel|cell|call|dial|fax|sms)(?:[^a-z]|$)"
)
_SSN_WORDS = r"(?i)(?:^|[^a-z])ssn(?:[^_]|_[^0-9])|social.{0,3}security"

# Names that only look like an address: `logo@2x.png`.
_FILE = re.compile(rb"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|ico|css|js|ts|tsx|jsx|json|html?)\Z")
# `https://user:word@host`: a password, not a mailbox.
_PASSWORD = re.compile(rb"://[^\s/@:]*:[^\s/@]*\Z")

# `+1.4142135623731`, but not `+1.5551234567`.
_DECIMAL = re.compile(rb"\+\d+\.(?:\d{1,9}|\d{11,})")


def _address(data: bytes, start: int, end: int) -> Iterator[Span]:
    after = data[end : end + 1]
    ssh_remote = data.startswith(b"git@", start) and after in (b":", b"/")
    if (
        after.isdigit()
        or ssh_remote
        or _FILE.search(data, start, end)
        or _PASSWORD.search(data, max(start - 128, 0), start)
    ):
        return
    yield start, end


def _number(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses a number that is a part of a longer one: `1-555-123-4567-8`, `x555...`."""
    before, after = data[max(start - 2, 0) : start], data[end : end + 2]
    glued = data[start : start + 1].isdigit() and (before[-1:].isalnum() or before[-1:] == b"_")
    longer_before = before[-1:].isdigit() or (before[-1:] in (b"-", b".") and before[:1].isdigit())
    longer_after = after[:1] in (b"-", b".") and after[1:].isdigit()
    if not (glued or longer_before or longer_after):
        yield start, end


def _international(data: bytes, start: int, end: int) -> Iterator[Span]:
    glued = data[max(start - 1, 0) : start].isalnum()
    if not glued and not _DECIMAL.fullmatch(data, start, end):
        yield start, end


def _spaced(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Blanks alone group other numbers too (`100 200 3000`); no area code starts with 0 or 1."""
    digits = data[start:end].replace(b" ", b"")
    if digits.isdigit() and digits[-10:-9] in (b"0", b"1"):
        return iter(())
    return _number(data, start, end)


DETECTORS = (
    Detector(
        "email_address",
        "email",
        "pii",
        rf"{_LOCAL_PART}@(?:{_LABEL}\.)+{_TOP_LEVEL}",
        refine=_address,
        matches=(
            "user@example.com",
            "First.Last+tag@mail.example.co.uk",
            "o'brien@example.com",
            "user@example.com.",
            "josé@example.com",
            "иван@пример.рф",
            "联系user@example.com谢谢",
            "user@xn--mnchen-3ya.de",
        ),
        ignores=("user@localhost", "logo@2x.png", "git@github.com:o/r", "@app.route", "a@1.2.3"),
    ),
    Detector(
        "phone_number",
        "phone",
        "pii",
        r"(?:\+?1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}\b",
        refine=_spaced,
        matches=(
            "555-123-4567",
            "(555) 123-4567",
            "(555)123-4567",
            "555.123.4567",
            "555 123 4567",
            "+1 555 123 4567",
            "+1-555-123-4567",
            "+1 (555) 123-4567",
            "1-800-555-0199",
            "1 800 555 0199",
            "123-456-7890",
        ),
        ignores=("2024-01-15", "555-1234", "100 200 3000", "12555-123-4567", "555-123-4567-89"),
    ),
    Detector(
        "phone_number_international",
        "phone",
        "pii",
        r"\+[1-9](?:[ .()-]{0,2}\d){7,14}\b",
        refine=_international,
        matches=("+15551234567", "+44 20 7946 0958", "+49 (30) 901820", "+86 138 0013 8000"),
        ignores=("+1234567", "+0015551234567", "1+15551234567", "x+1.4142135623731"),
    ),
    Detector(
        "phone_number_bare",
        "phone",
        "pii",
        r"\b1?[2-9]\d{9}\b",
        refine=_number,
        context=_PHONE_WORDS,
        matches=("phone: 5551234567", "call me at 5551234567", "phone_number=15551234567"),
        ignores=("5551234567", "id 5551234567", "hotel 5551234567", "[PHONE_1] 5551234567"),
    ),
    Detector(
        "us_ssn",
        "us_ssn",
        "pii",
        rf"\b{_AREA}-{_GROUP}-{_SERIAL}\b",
        refine=_number,
        matches=("123-45-6789", "SSN:001-01-0001", "899-99-9999"),
        ignores=(
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "123-45-67890",
            "123-45-6789-0",
            "2123-45-6789",
        ),
    ),
    Detector(
        "us_ssn_with_word",
        "us_ssn",
        "pii",
        rf"\b{_AREA}[ .]?{_GROUP}[ .]?{_SERIAL}\b",
        refine=_number,
        context=_SSN_WORDS,
        matches=("SSN 123456789", "social security number: 123 45 6789", "user_ssn=123.45.6789"),
        ignores=("123456789", "order 123456789", "SSN 000456789", "[US_SSN_1] 123456789"),
    ),
    Detector(
        "credit_card",
        "credit_card",
        "pii",
        r"\b(?:\d{12,19}|\d{4}(?:[ .-]{1,3}\d{3,6}){2}(?:[ .-]{1,3}\d{1,6})*)\b",
        refine=cards,
        matches=(
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111111111111111",
            "5500.0000.0000.0004",
            "3782 822463 10005",
            "30569309025904",
            "6011111111111117",
            "3530111333300000",
            "order 2024 4111 1111 1111 1111 2025",
            "4111 1111 1111 1111 5500 0000 0000 0004 3782 822463 10005",
        ),
        ignores=(
            "4111 1111 1111 1112",
            "1234567890123456",
            "1700000000000",
            "0000000000000000",
            "4111 1111 1111",
            "20240115103000",
            "41111111111111112222",
            "0.4111111111111111",
            "5012 4111 1111 1111 1111 5013 5014 5015 5016 5017 5018",  # a row of a table
        ),
    ),
)
