"""Detectors of phone numbers: international ones whole, national ones by their shape or a word.

Numbers after a country code: ITU-T E.164, at most fifteen digits. North America: NANP, ten digits.
A bare run of digits is a phone number only beside a word that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening import phones_by_word
from controlplane.screening.detector import Detector, Span
from controlplane.screening.phones_by_word import dialled

# `x12`, `ext. 12`, `extension 12`, `#12`
_EXTENSION = (
    r"(?:[ ,;]{0,3}(?:x|(?:ext\.?|Ext\.?|EXT\.?|extension|Extension)[ .:]{0,2})\d{1,6}"
    r"|,? ?#\d{2,6})"
)
_END = rf"(?:{_EXTENSION}\b|\b)"
_GAP = r"[ ./()-]{0,3}"

# How many digits may follow the country code, where that is fewer than E.164 allows.
_NATIONAL_DIGITS = {
    b"7": 10, b"20": 10, b"27": 9, b"30": 10, b"31": 9, b"32": 9, b"33": 9, b"34": 9, b"36": 9,
    b"40": 9, b"41": 9, b"44": 10, b"45": 8, b"47": 8, b"48": 9, b"51": 9, b"52": 11, b"55": 11,
    b"56": 9, b"57": 10, b"61": 9, b"63": 10, b"65": 8, b"66": 9, b"81": 10, b"82": 10, b"84": 10,
    b"86": 11, b"90": 10, b"91": 10, b"92": 10, b"94": 9, b"98": 10, b"351": 9, b"353": 9,
    b"380": 9, b"420": 9, b"852": 8, b"971": 9, b"972": 9,
}  # fmt: skip

# `+1.4142135623731`, `+37.774929`; but not `+1.5551234567`.
_DECIMAL = re.compile(rb"\+\d\.(?:\d{1,9}|\d{11,})|\+\d{1,3}\.\d{1,8}|\+\d+\.\d{1,3}")
_INTERNATIONAL_PREFIX = re.compile(rb"\+|00[ .-]?|011[ .-]?")
_ROW_BEFORE, _ROW_AFTER = re.compile(rb"\d \Z"), re.compile(rb" \d{3}")
# A row of code points: `0069 0307 0301`.
_ROW_OF_FOURS = re.compile(rb"\d{4}(?: \d{4})+")
_CODE_CLOSES = re.compile(rb"\+\d{1,3}\)")
_TRUNK = re.compile(rb"\(0\)")
_DIGITS, _NO_DIGIT = re.compile(rb"\d+"), re.compile(rb"\D+")
_HAS_EXTENSION = re.compile(rb"[xX#]|[eE][xX][tT]")
_LONG_GROUP = re.compile(rb"\d{3}")
_BEFORE_GROUP, _AFTER_GROUP = re.compile(rb"[0-9A-Fa-f][ .]\Z"), re.compile(rb"[ .]\d")


def _north_american(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Blanks alone group other numbers too (`100 200 3000`); no area code starts with 0 or 1."""
    digits = data[start:end].replace(b" ", b"")
    if digits.isdigit() and (
        len(digits) > 11
        or digits[-10:-9] in (b"0", b"1")
        or _ROW_BEFORE.search(data, max(start - 2, 0), start)
        or _ROW_AFTER.match(data, end)
    ):
        return iter(())
    return dialled(data, start, end)


def _international(data: bytes, start: int, end: int) -> Iterator[Span]:
    """As far as a number of that country can go; what follows behind a blank is another one."""
    before = data[max(start - 1, 0) : start]
    if before.isalnum() or _DECIMAL.fullmatch(data, start, end):
        return
    prefix = _INTERNATIONAL_PREFIX.match(data, start, end)
    assert prefix is not None
    # `00` may as well be seconds or a byte.
    if prefix.group() != b"+" and (
        before in (b":", b".", b"-")
        or not _LONG_GROUP.search(data, prefix.end(), end)
        or _ROW_OF_FOURS.fullmatch(data, start, end)
    ):
        return
    extension = _HAS_EXTENSION.search(data, start, end)
    stop = extension.start() if extension else end
    most = _most_digits(data[prefix.end() : prefix.end() + 3])
    if _TRUNK.search(data, start, stop):
        most += 1
    last, count = prefix.end(), 0
    for group in _DIGITS.finditer(data, prefix.end(), stop):
        count += group.end() - group.start()
        if count > most:
            break
        last = group.end()
    if count <= most:
        last = end
    if len(_NO_DIGIT.sub(b"", data[prefix.end() : last])) >= 8:
        # `(+44) 20 7946 0958` is one from its bracket on.
        bracketed = before == b"(" and _CODE_CLOSES.match(data, start)
        yield start - bool(bracketed), last


def _most_digits(after_prefix: bytes) -> int:
    if after_prefix.startswith(b"1"):
        return 11
    for size in (1, 2, 3):
        if after_prefix[:size] in _NATIONAL_DIGITS:
            return size + _NATIONAL_DIGITS[after_prefix[:size]]
    return 15


def _trunk(data: bytes, start: int, end: int) -> Iterator[Span]:
    """National, with its leading 0. Refuses rows of numbers, binary ones, and lottery draws."""
    groups = _DIGITS.findall(data, start, end)
    digits = b"".join(groups)
    pairs = all(len(group) == 2 for group in groups)
    if (
        set(digits) <= set(b"01")
        or not 9 <= len(digits) <= 11
        or (pairs and groups == sorted(groups))
        or _BEFORE_GROUP.search(data, max(start - 2, 0), start)
        or _AFTER_GROUP.match(data, end)
    ):
        return iter(())
    return dialled(data, start, end)


DETECTORS = (
    Detector(
        "phone_number",
        "phone",
        "pii",
        r"(?:(?:\+|00)?1[ .-]{0,3})?"
        r"(?:\(\d{3}\)[ .-]{0,3}|\d{3}[ ]?[./-][ ]?|\d{3} )\d{3}(?:[ ]?[.-][ ]?| )\d{4}" + _END,
        refine=_north_american,
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
            "001-555-123-4567",
            "555-123-4567 ext. 89",
            "(555) 123-4567x123",
        ),
        ignores=(
            "2024-01-15",
            "555-1234",
            "100 200 3000",
            "12555-123-4567",
            "SKU 555-123-4567",
            "budget: 555 123 4567",
            "555 123 4567 bytes",
            "555-123-4567-89",
            "192 384 768 1536",
        ),
    ),
    Detector(
        "phone_number_with_extension",
        "phone",
        "pii",
        rf"\b(?:\(\d{{3}}\) ?\d{{7}}(?:{_EXTENSION})?|1?[2-9]\d{{9}}{_EXTENSION})\b"
        rf"|\(\d{{3}}\) ?\d{{7}}{_END}",
        refine=dialled,
        matches=("5551234567x123", "5551234567 ext. 12", "(555)1234567"),
        ignores=("5551234567", "5551234567 x 3"),
    ),
    Detector(
        "phone_number_international",
        "phone",
        "pii",
        rf"(?:\+[1-9](?:{_GAP}\d){{7,14}}"
        r"|\b(?:00[ .-]?|011[ .-])[1-9]\d{0,2}(?:[ ./()-]{1,3}\d{2,8}){1,6})" + _END,
        refine=_international,
        matches=(
            "+15551234567",
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "+49 (30) 901820",
            "+86 138 0013 8000",
            "+1 (555) 123-4567 ext 8",
            "0044 20 7946 0958",
            "011 44 20 7946 0958",
        ),
        ignores=(
            "+1234567",
            "+0015551234567",
            "1+15551234567",
            "x+1.4142135623731",
            "+37.774929",
            "00 12 34 56 78 90",
            "0069 0307 0301",
        ),
    ),
    Detector(
        "phone_number_national",
        "phone",
        "pii",
        r"\b0[1-9](?:[ .-]\d\d){4}\b"  # France
        r"|\(0[1-9]\d{0,3}\)[ -]?\d{3,4}[ -]?\d{3,5}\b"
        r"|\b0[1-9]\d{1,3}[ /-]\d{3,4}[ -]\d{3,4}\b"
        r"|\b0[1-9][ -]\d{4}[ -]\d{4}\b"  # Australia, Japan
        r"|(?:\b8 ?)?\(\d{3}\) ?\d{3}-\d\d-\d\d\b"  # Russia
        r"|\(\d\d\) ?\d{4,5}-\d{4}\b"  # Brazil
        r"|\b0[1-9]\d{1,3}[/-]\d{6,8}\b"  # Germany, the Netherlands
        r"|\b07\d{3} ?\d{6}\b",  # United Kingdom, mobile
        refine=_trunk,
        matches=(
            "01 42 68 53 00",
            "020 7946 0958",
            "(020) 7946 0958",
            "0412 345 678",
            "030/901820",
            "03-1234-5678",
            "(11) 91234-5678",
            "8 (495) 123-45-67",
        ),
        ignores=(
            "0110 1010 0101",
            "01 12 23 34 45",
            "0123 4567 8901 2345",
            "0-306-40615-2",
            "0000-0002-1825-0097",
            "05-12-2024",
        ),
    ),
    *phones_by_word.DETECTORS,
)
