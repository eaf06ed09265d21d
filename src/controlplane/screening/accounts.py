"""Detectors of bank accounts: IBANs by their check digits, other numbers only beside their name."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.screening.checksums import aba, mod_97, plain
from controlplane.screening.detector import Detector, Span

# Lengths by country: the IBAN registry of SWIFT (ISO 13616).
_LENGTHS = {
    b"AD": 24, b"AE": 23, b"AL": 28, b"AT": 20, b"AZ": 28, b"BA": 20, b"BE": 16, b"BG": 22,
    b"BH": 22, b"BI": 27, b"BR": 29, b"BY": 28, b"CH": 21, b"CR": 22, b"CY": 28, b"CZ": 24,
    b"DE": 22, b"DJ": 27, b"DK": 18, b"DO": 28, b"EE": 20, b"EG": 29, b"ES": 24, b"FI": 18,
    b"FK": 18, b"FO": 18, b"FR": 27, b"GB": 22, b"GE": 22, b"GI": 23, b"GL": 18, b"GR": 27,
    b"GT": 28, b"HR": 21, b"HU": 28, b"IE": 22, b"IL": 23, b"IQ": 23, b"IS": 26, b"IT": 27,
    b"JO": 30, b"KW": 30, b"KZ": 20, b"LB": 28, b"LC": 32, b"LI": 21, b"LT": 20, b"LU": 20,
    b"LV": 21, b"LY": 25, b"MC": 27, b"MD": 24, b"ME": 22, b"MK": 19, b"MN": 20, b"MR": 27,
    b"MT": 31, b"MU": 30, b"NI": 28, b"NL": 18, b"NO": 15, b"OM": 23, b"PK": 24, b"PL": 28,
    b"PS": 29, b"PT": 25, b"QA": 29, b"RO": 24, b"RS": 22, b"RU": 33, b"SA": 24, b"SC": 31,
    b"SD": 18, b"SE": 24, b"SI": 19, b"SK": 24, b"SM": 27, b"SO": 23, b"ST": 25, b"SV": 28,
    b"TL": 23, b"TN": 24, b"TR": 26, b"UA": 29, b"VA": 22, b"VG": 24, b"XK": 20,
}  # fmt: skip
_COUNTRIES = "|".join(sorted(code.decode() for code in _LENGTHS))
_GAPS = b" -"
_IS = r"(?: ?(?:number|nummer|num|no|nr|id|#|is|of|:|=|\.))*[ :=#.\"'(\x1f]{0,4}\z"


def _iban(data: bytes, start: int, end: int) -> Iterator[Span]:
    """As many characters as the country's numbers have, in groups or not."""
    wanted = _LENGTHS[data[start : start + 2].upper()]
    found, gaps, stop = 0, 0, start
    limit = min(len(data), start + 2 * wanted)
    while found < wanted and stop < limit and gaps < 2:
        char = data[stop]
        if char in _GAPS:
            gaps += 1
        elif 48 <= char < 58 or 65 <= char < 91 or 97 <= char < 123:
            found, gaps = found + 1, 0
        else:
            return
        stop += 1
    if found == wanted and not data[stop : stop + 1].isalnum() and mod_97(plain(data[start:stop])):
        yield start, stop


def _routing(data: bytes, start: int, end: int) -> Iterator[Span]:
    if aba(data[start:end]):
        yield start, end


DETECTORS = (
    Detector(
        "iban",
        "iban",
        "pii",
        rf"(?i)(?:\b|_)((?:{_COUNTRIES})\d{{2}}[ -]?[A-Z0-9]{{4}})",
        refine=_iban,
        matches=(
            "DE89370400440532013000",
            "GB82 WEST 1234 5698 7654 32",
            "gb82west12345698765432",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93 8601 1117 947",
        ),
        ignores=("DE89370400440532013001", "GB82 WEST 1234", "DE89 is a road"),
    ),
    Detector(
        "us_bank_routing",
        "bank_account",
        "pii",
        r"\b\d{9}\b",
        refine=_routing,
        context=rf"(?i)(?:routing|(?:^|[^a-z])aba){_IS}",
        matches=("routing number: 021000021",),
        ignores=("021000021", "routing number 021000022"),
    ),
    Detector(
        "bank_account",
        "bank_account",
        "pii",
        r"\b(?:\d{2}-\d{2}-\d{2}|\d{6,17}|\d{2,6}(?:[ -]\d{2,8}){1,3})\b",
        context=rf"(?i)(?:account|acct|a/c|kontonummer|kontonr|sort code|cuenta|compte){_IS}",
        matches=("Account number: 12345678", "sort code 12-34-56", "bank account no. 1234567890"),
        ignores=("12345678", "account created 20240115"),
    ),
)
