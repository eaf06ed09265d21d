"""Payment card numbers: 12 to 19 digits, a prefix that some issuer has, and Luhn's check."""

from __future__ import annotations

import re

from controlplane.screening.detector import Span

_FRACTION = re.compile(rb"\d\.\Z")

_ISSUED = re.compile(
    rb"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    rb"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    rb"|3[47]\d{13}"  # American Express
    rb"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    rb"|35(?:2[89]|[3-8]\d)\d{12,15}"  # JCB
    rb"|(?:30[0-5]|3[689]\d)\d{11,16}"  # Diners Club
    rb"|62\d{14,17}"  # UnionPay
    rb"|220[0-4]\d{12}"  # Mir
    rb"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"  # Maestro
)
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
    }
)
# How many groups a row may have that holds other numbers too.
_SHORT_ROW = 8
# The first bytes of a very long row show what it is.
_LONG_ROW, _SAMPLE = 4096, 2048
_DIGITS, _NO_DIGIT = re.compile(rb"\d+"), re.compile(rb"\D+")
_SINGLE = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))


def cards(data: bytes, start: int, end: int) -> list[Span]:
    """The card numbers in a row of groups of digits: whole groups, grouped as cards are.

    In a long row most of it must be cards: in a table of numbers every fortieth would pass.
    """
    if _FRACTION.search(data, max(start - 2, 0), start):
        return []
    if end - start > _LONG_ROW and not cards(data, start, start + _SAMPLE):
        return []
    groups = [match.span() for match in _DIGITS.finditer(data, start, end)]
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
    sizes = tuple([stop - start for start, stop in groups])
    for count in range(1, len(groups) + 1):
        if sizes[:count] in _GROUPINGS or (count == 1 and sizes[0] >= 12):
            digits = _NO_DIGIT.sub(b"", data[groups[0][0] : groups[count - 1][1]])
            if _ISSUED.fullmatch(digits) and luhn(digits):
                return count
    return 0


def luhn(digits: bytes) -> bool:
    """True where the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = sum(digits[-1::-2].translate(_SINGLE)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0
