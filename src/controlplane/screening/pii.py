"""Detectors of personal data: email addresses, US social security numbers, cards, and the tables
of phone numbers, bank accounts, network addresses and national identities.

Every format that the plain textbook patterns are written for is found; beyond them stand what
Luhn's check, the number ranges of issuers, and words nearby tell apart from other numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening import accounts, national_ids, network, phones
from controlplane.screening.cards import cards
from controlplane.screening.detector import Detector, Span
from controlplane.screening.phones_by_word import number

_LETTER = r"\x80-\xff"
_LOCAL_PART = rf"(?:[A-Za-z0-9_][A-Za-z0-9._%+'-]*|[{_LETTER}]+)"
_LABEL = rf"[A-Za-z0-9{_LETTER}](?:[A-Za-z0-9{_LETTER}-]*[A-Za-z0-9{_LETTER}])?"
_TOP_LEVEL = rf"(?:xn--[A-Za-z0-9-]+|[A-Za-z]{{2,24}}|[{_LETTER}]{{2,24}})"

# ssa.gov/employer/randomization.html: no area 000, 666 or 9xx, no group 00, no serial 0000.
_AREA = r"(?:00[1-9]|0[1-9]\d|[1-578]\d\d|6[0-57-9]\d|66[0-57-9])"
_GROUP = r"(?:0[1-9]|[1-9]\d)"
_SERIAL = r"(?:000[1-9]|00[1-9]\d|0[1-9]\d\d|[1-9]\d{3})"

# The token that stands for a redacted value ([US_SSN_1]) is no word.
_SSN_WORDS = r"(?i)(?:^|[^a-z])ssn(?:[^_]|_[^0-9])|social.{0,3}security"

# Names that only look like an address: `logo@2x.png`.
_FILE = re.compile(
    rb"\.(?:png|jpe?g|gif|svg|webp|avif|bmp|ico|css|js|ts|tsx|jsx|json|html?|service|timer|socket"
    rb"|transpose|reshape|mean|sum|shape|view|dot|conj|inverse|permute)\Z"
)
# What follows a host in `git@host:owner/repo.git` and `scp user@host:/path`.
_REMOTE = re.compile(rb":(?:[~/]|[\w.-]{1,64}/[\w.-])|\(")
# No person reads these: programs sign commits with them, and GitHub hides an author's own address
# behind one. Agents send them in every history.
_SOFTWARE = re.compile(
    rb"(?i)(?:no[._-]?reply|do[._-]?not[._-]?reply|mailer-daemon)[^@]*@|[^@]+@users\.noreply\."
)
# `https://user:word@host`: a password, not a mailbox.
_PASSWORD = re.compile(rb"://[^\s/@:]*:[^\s/@]*\Z")


def _address(data: bytes, start: int, end: int) -> Iterator[Span]:
    after = data[end : end + 1]
    if (
        after.isdigit()
        or (data.startswith(b"git@", start) and after in (b":", b"/"))
        or _SOFTWARE.match(data, start, end)
        or _REMOTE.match(data, end)
        or _FILE.search(data, start, end)
        or _PASSWORD.search(data, max(start - 128, 0), start)
    ):
        return
    yield start, end


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
        ignores=(
            "user@localhost",
            "noreply@github.com",
            "logo@2x.png",
            "git@github.com:o/r",
            "@app.route",
            "a@1.2.3",
        ),
    ),
    Detector(
        "us_ssn",
        "us_ssn",
        "pii",
        rf"\b{_AREA}-{_GROUP}-{_SERIAL}\b",
        refine=number,
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
        refine=number,
        context=_SSN_WORDS,
        matches=("SSN 123456789", "social security number: 123 45 6789", "user_ssn=123.45.6789"),
        ignores=("123456789", "order 123456789", "SSN 000456789", "[US_SSN_1] 123456789"),
    ),
    Detector(
        "credit_card",
        "credit_card",
        "pii",
        r"\b(?:(?:[456]\d|2[1-7]|3[04-9]|18|06)\d{10,17}"
        r"|\d{4}(?:[ .-]{1,3}\d{3,6}){2}(?:[ .-]{1,3}\d{1,6})*"
        r"|\d{4}[ -](?:\d{12}|\d{4}[ -]\d{8}|\d{8}[ -]\d{4})|\d{6}[ -]\d{10}|\d{8}[ -]\d{8}"
        r"|\d{5}[ -]\d{5}[ -]\d{5})\b",
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
            "1800 160704 20458",
            "213176828496175",
            "41111111 11111111",
            "5500 000000000004",
            "4000 0012 3456 7890 124",
            "maestro card 574512345673",
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
            "574512345673",
            "41111111111111112222",
            "0.4111111111111111",
            "4111111111111111.0",
            "5012 4111 1111 1111 1111 5013 5014 5015 5016 5017 5018",  # a row of a table
        ),
    ),
    *phones.DETECTORS,
    *accounts.DETECTORS,
    *network.DETECTORS,
    *national_ids.DETECTORS,
)
