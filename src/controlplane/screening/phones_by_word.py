"""Detectors of phone numbers that only a word nearby tells from other numbers.

The words are those of the languages in which such numbers are written; how the digits are grouped
is what libphonenumber knows of all countries (`phone_groups.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.detector import Detector, Span
from controlplane.screening.fold import fold
from controlplane.screening.phone_groups import GROUPINGS

# Words of alphabets that have no ASCII form; without a first letter that may be a capital.
_FOREIGN = (
    *("елефон", "обильн", "ел.", "ηλέφωνο", "ηλεφωνο", "ινητ", "هاتف", "جوال", "موبایل", "تلفن"),
    *("טלפון", "נייד", "电话", "手机", "電話", "携帯", "전화", "휴대폰", "फोन", "मोबाइल", "โทร"),
    *("ফোন", "মোবাইল"),
)
_FOREIGN_WORDS = "|".join("".join(f"\\x{byte:02x}" for byte in fold(word)[0]) for word in _FOREIGN)
# The tokens that stand for redacted values ([PHONE_1]) are no words.
_WORDS = (
    r"(?i)(?:phone|mobile?|telefon|celular|cellulare|handy|portable|movil|telemovel|puhelin|telepon)"
    r"s?(?:[^s_a-z]|_[^0-9])|phone_?n|phonen|mobil[en]|mobilsz|whats ?app|voicemail|hotline"
    r"|telef(?:ono|one|oon)|telephone|telefon[a-z]*(?:nummer|szam|i cislo|u)|cep tel|dien thoai"
    rf"|nomor hp|\bpuh\.|tel\. ?kom|{_FOREIGN_WORDS}"
)
_CALL_WORDS = (
    r"(?i)(?:^|[^a-z])(?:call|dial|reach|ring|tel|cell|fax|sms|gsm|mob|contact|answering|registered"
    r"|number is|text (?:me|us|him|her|them)|messages? (?:to|on)|anrufen|rufen|appele[rz]|llam[ae])"
    r"(?:ed|ing|ls)?(?:[ .](?:me|us|him|her|them|back|now|today|at|to|on|via|the|my|our|office"
    r"|number|is|no\.?|sie|unter|al|le|au))*[ .:=\"'(\x1f]{0,5}\z"
)
_NUMBER = r"\(?\d{1,6}\)?(?:[ ./-]{1,2}\(?\d{1,9}\)?){1,5}|\b\d{6,13}\b"
_DIGITS = re.compile(rb"\d+")
_DATE = re.compile(
    rb"(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d(?!\d)"
    rb"|(?:19|20)\d\d[ ./-]\d{1,2}[ ./-]\d{1,2}"
)
# What follows an amount; and a decimal fraction.
_AMOUNT = re.compile(
    rb"(?i),\d| ?(?:%|[$]|(?:eur|usd|gbp|chf|[kmg]i?b|[kmc]?m|k?g|ms)\b|bytes|people|users|units"
    rb"|rows)"
)
_OTHER_NUMBER = re.compile(
    rb"(?i)\b(?:sku|parts?|p/n|serial|model|catalog(?:ue)?|article|item|orders?|invoice|ticket|nsn"
    rb"|isbn|drawing|filter|bearing|size|budget|total|price|cost|revenue|usd|eur|gbp)"
    rb"(?: ?(?:number|num|no|nr|of|is))?[ .:#]{1,4}\Z|[$]\Z"
)
_FEWEST, _MOST, _MOST_ALONE = 6, 13, 12


def number(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses a number that is a part of a longer one: `1-555-123-4567-8`, `x555...`."""
    before, after = data[max(start - 2, 0) : start], data[end : end + 2]
    glued = data[start : start + 1].isdigit() and (before[-1:].isalnum() or before[-1:] == b"_")
    longer_before = before[-1:].isdigit() or (before[-1:] in b"-./" and before[:1].isdigit())
    longer_after = after[:1] in (b"-", b".", b"/") and after[1:].isdigit()
    if not (glued or (before and longer_before) or longer_after):
        yield start, end


def dialled(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses what its neighbours call a part, an order or an amount."""
    before = data[max(start - 24, 0) : start]
    if not _OTHER_NUMBER.search(before) and not _AMOUNT.match(data, end):
        yield from number(data, start, end)


def _worded(data: bytes, start: int, end: int) -> Iterator[Span]:
    """As many groups as a number of some country has; no date, no amount."""
    groups = [match.span() for match in _DIGITS.finditer(data, start, end)]
    sizes = tuple([last - first for first, last in groups])
    if len(sizes) == 1 and not _FEWEST <= sizes[0] <= _MOST_ALONE:
        return
    count = len(sizes)
    while count > 1 and not (sizes[:count] in GROUPINGS and sum(sizes[:count]) <= _MOST):
        count -= 1
    if (count == 1 and len(sizes) > 1) or _is_date(data, groups, end):
        return
    stop = groups[count - 1][1]
    # `(02) 1234` begins with its bracket, and `555 (x)` ends before the next one.
    if data[stop : stop + 1] == b")" and data.count(b"(", start, stop) > data.count(
        b")", start, stop
    ):
        stop += 1
    yield from dialled(data, start, stop)


def _is_date(data: bytes, groups: list[Span], end: int) -> bool:
    first = groups[0][0]
    if len(groups) > 1 and groups[0][1] - first == 4 and data[first : first + 2] in (b"19", b"20"):
        return True
    return _DATE.match(data, first, end) is not None


DETECTORS = (
    Detector(
        "phone_number_bare",
        "phone",
        "pii",
        _NUMBER,
        refine=_worded,
        context=_WORDS,
        matches=(
            "phone: 5551234567",
            "phone_number=15551234567",
            "mobile 98765 43210",
            "Téléphone : 71 23 45 67",
            "телефон 60-56-85-91",
            "هاتف: 0688 872 49 99",
            "电话: 21 253 109 8211",
        ),
        ignores=(
            "5551234567",
            "id 5551234567",
            "hotel 5551234567",
            "[PHONE_1] 5551234567",
            "phone call on 15.01.2024",
            "mobile users: 12 345 678 people",
        ),
    ),
    Detector(
        "phone_number_to_call",
        "phone",
        "pii",
        _NUMBER,
        refine=_worded,
        context=_CALL_WORDS,
        matches=("call me at 5551234567", "Call 555-1234", "Tel: 030 901820", "fax 5551234567"),
        ignores=("call f with 5551234567", "I recall 5551234567", "Tel Aviv, 5551234567"),
    ),
)
