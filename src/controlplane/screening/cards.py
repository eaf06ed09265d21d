"""Payment card numbers: 12 to 19 digits, a prefix that some issuer has, and Luhn's check."""

from __future__ import annotations

import re
from itertools import islice

from controlplane.screening.checksums import luhn
from controlplane.screening.detector import Span

_FRACTION, _DECIMALS = re.compile(rb"\d\.\Z"), re.compile(rb"\.\d")

_ISSUED = re.compile(
    rb"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    rb"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    rb"|3[47]\d{13}"  # American Express
    rb"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    rb"|35\d{14,17}|(?:2131|1800)\d{11}"  # JCB
    rb"|(?:30[0-5]|3[689]\d)\d{11,16}"  # Diners Club
    rb"|62\d{14,17}"  # UnionPay
    rb"|220[0-4]\d{12}"  # Mir
    rb"|(?:5018|5020|5038|5893|6304|6390|6759|676[1-3])\d{8,15}"  # Maestro
)
# Maestro's other prefixes begin every fortieth number: these count only beside a word.
_RARELY_ISSUED = re.compile(rb"(?:5[0678]\d\d|0604|6\d{3})\d{8,15}")
_CARD_WORD = re.compile(rb"(?i)\bcards?\b|credit|debit|\bcc\b|maestro|\bpan\b|_card|card_|card_?n")
_WORD_BYTES = 48
# How the digits are printed, in groups of at most six.
_GROUPINGS = frozenset(
    {
        (4, 4, 4, 4),
        (4, 4, 4, 4, 3),
        (4, 6, 5),
        (4, 6, 4),
        (4, 5, 6),
        (4, 3, 3, 3),
        (4, 4, 4),
        (4, 4, 4, 1),
        (4, 4, 4, 2),
        (4, 4, 4, 3),
        (4, 4, 8),
        (4, 8, 4),
        (4, 12),
        (6, 10),
        (8, 8),
        (5, 5, 5),
    }
)
_PREFIX = re.compile(rb"[46]|5[0-8]|2[2-7]|3[04-9]|2131|1800|0604")
# How many groups a row may have that holds other numbers too.
_SHORT_ROW = 8
# The first bytes of a very long row show what it is.
_LONG_ROW, _SAMPLE = 4096, 2048
# More than enough for as many cards as a detector reports.
_MOST_GROUPS = 6000
_DIGITS, _NO_DIGIT = re.compile(rb"\d+"), re.compile(rb"\D+")


def cards(data: bytes, start: int, end: int) -> list[Span]:
    """The card numbers in a row of groups of digits: whole groups, grouped as cards are.

    In a long row most of it must be cards: in a table of numbers every fortieth would pass.
    """
    # `+4915112345678` is a phone number.
    if (
        _FRACTION.search(data, max(start - 2, 0), start)
        or data[start - 1 : start] == b"+"
        or _DECIMALS.match(data, end)
    ):
        return []
    if end - start > _LONG_ROW and not cards(data, start, start + _SAMPLE):
        return []
    rows = islice(_DIGITS.finditer(data, start, end), _MOST_GROUPS)
    groups = [match.span() for match in rows]
    found = []
    first = covered = 0
    while first < len(groups):
        count = _card_at(data, groups[first : first + 5])
        if count:
            found.append((groups[first][0], groups[first + count - 1][1]))
        covered += count
        first += count or 1
    return found if len(groups) <= _SHORT_ROW or 2 * covered >= len(groups) else []


def _card_at(data: bytes, groups: list[Span]) -> int:
    """How many of `groups`, from the first on, are a card number; 0 where none is."""
    if not _PREFIX.match(data, groups[0][0]):
        return 0
    sizes = tuple([stop - start for start, stop in groups])
    # The longest first: the last three digits of nineteen are part of it.
    for count in range(len(groups), 0, -1):
        if sizes[:count] in _GROUPINGS or (count == 1 and sizes[0] >= 12):
            digits = _NO_DIGIT.sub(b"", data[groups[0][0] : groups[count - 1][1]])
            if luhn(digits) and (
                _ISSUED.fullmatch(digits)
                or (_RARELY_ISSUED.fullmatch(digits) and _beside_word(data, groups[0][0]))
            ):
                return count
    return 0


def _beside_word(data: bytes, start: int) -> bool:
    before = data[max(start - _WORD_BYTES, 0) : start]
    return _CARD_WORD.search(before[before.rfind(b"\x00") + 1 :]) is not None
