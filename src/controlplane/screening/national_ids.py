"""Detectors of national identity, tax and health numbers.

Without a word nearby only those count whose form and check digits say enough (Brazil, Italy,
France, Finland, Belgium, Chile, China); a bare number with one check digit is right once in ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controlplane.screening import checksums
from controlplane.screening.checksums import plain
from controlplane.screening.detector import Detector, Refine, Span

_DAY, _MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"


def _checked(*checks: Callable[[bytes], bool]) -> Refine:
    """Spans that stand alone and pass one of `checks` (given digits and capitals)."""

    def refine(data: bytes, start: int, end: int) -> Iterator[Span]:
        before, after = data[max(start - 2, 0) : start], data[end : end + 2]
        part = (
            before[-1:].isalnum()
            or (before[-1:] in (b"-", b".", b"/") and before[:1].isdigit())
            or after[:1].isalnum()
            or (after[:1] in (b"-", b".", b"/") and after[1:].isdigit())
        )
        if not part and any(check(plain(data[start:end])) for check in checks):
            yield start, end

    return refine


def _near(words: str) -> str:
    """A context: one of these words, not as a part of another."""
    return rf"(?i)(?:^|[^a-z])(?:{words})(?:[^a-z]|$)"


def _id(  # noqa: PLR0917 (a row of the table below)
    kind: str,
    pattern: str,
    check: Callable[[bytes], bool] | None,
    words: str | None,
    matches: tuple[str, ...],
    ignores: tuple[str, ...],
) -> Detector:
    refine = _checked(check or (lambda _: True))
    return Detector(kind, kind, "pii", pattern, matches, ignores, refine, words and _near(words))


DETECTORS = (
    _id(
        "uk_nhs", r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", checksums.nhs, "nhs",
        ("NHS number 943 476 5919",), ("943 476 5919", "NHS 943 476 5918"),
    ),
    # https://www.gov.uk/hmrc-internal-manuals/national-insurance-manual/nim39110
    _id(
        "uk_nino", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", None,
        "national insurance|nino|ni number|ni no",
        ("National Insurance: QQ123456C".replace("QQ", "AB"),), ("AB123456C",),
    ),
    _id(
        "ca_sin", r"\b[1-79]\d{2}[ -]?\d{3}[ -]?\d{3}\b", checksums.luhn,
        "sin|social insurance|nas",
        ("SIN 130-692-544", "social insurance number 130692544"),
        ("130-692-544", "SIN 130-692-545"),
    ),
    _id(
        "in_aadhaar", r"\b[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}\b", checksums.verhoeff,
        "aadhaa?r|uidai|uid",
        ("Aadhaar 2341 2341 2346",), ("2341 2341 2346", "Aadhaar 2341 2341 2347"),
    ),
    # https://incometaxindia.gov.in: the fourth letter says what kind of holder
    _id(
        "in_pan", r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b", None, "pan|permanent account",
        ("PAN: ABCPK1234L",), ("ABCPK1234L",),
    ),
    _id(
        "de_tax_id", r"\b\d{2} ?\d{3} ?\d{3} ?\d{3}\b", checksums.mod_11_10,
        r"steuer-?id\w*|steuer\w*nummer|idnr|tax id|tin|tax identification",
        ("Steuer-ID: 86 095 742 719", "IdNr 86095742719"), ("86095742719", "IdNr 86095742718"),
    ),
    _id(
        "es_dni", r"\b(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]\b", checksums.nif,
        r"dni|nie|nif|documento|identidad",
        ("DNI 12345678Z", "NIE: X1234567L"), ("12345678Z", "DNI 12345678A"),
    ),
    _id(
        "br_cpf", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", checksums.cpf, None,
        ("529.982.247-25",), ("529.982.247-26", "111.111.111-11"),
    ),
    _id(
        "cl_rut", r"\b\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b", checksums.rut, None,
        ("12.345.678-5",), ("12.345.678-6",),
    ),
    # https://www.insee.fr/fr/information/2403063
    _id(
        "fr_nir", r"\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}\b", checksums.nir,
        None, ("1 85 05 78 006 084 91",), ("1 85 05 78 006 084 90",),
    ),
    _id(
        "it_codice_fiscale",
        r"\b[A-Z]{6}\d{2}[A-EHLMPRST](?:[04][1-9]|[1256]\d|[37][01])[A-Z]\d{3}[A-Z]\b",
        checksums.codice_fiscale, None, ("RSSMRA85T10A562S",), ("RSSMRA85T10A562T",),
    ),
    _id(
        "fi_hetu", rf"\b{_DAY}{_MONTH}\d{{2}}[-+A]\d{{3}}[0-9A-FHJ-NPR-Y]\b", checksums.hetu, None,
        ("131052-308T",), ("131052-308U",),
    ),
    _id(
        "be_nrn", rf"\b\d{{2}}\.{_MONTH}\.{_DAY}-\d{{3}}\.\d{{2}}\b", checksums.belgian, None,
        ("85.07.30-033.28",), ("85.07.30-033.29",),
    ),
    _id(
        "nl_bsn", r"\b\d{9}\b", checksums.bsn, "bsn|burgerservicenummer|sofinummer",
        ("BSN 111222333",), ("111222333", "BSN 111222334"),
    ),
    _id(
        "pl_pesel", r"\b\d{11}\b", checksums.pesel, "pesel",
        ("PESEL 44051401359",), ("44051401359", "PESEL 44051401358"),
    ),
    _id(
        "se_personnummer", rf"\b(?:19|20)?\d{{2}}{_MONTH}{_DAY}[-+]\d{{4}}\b",
        lambda value: checksums.luhn(value[-10:]), "personnummer|personal identity",
        ("personnummer 811228-9874",), ("811228-9874", "personnummer 811228-9875"),
    ),
    _id(
        "cn_id", rf"\b[1-8]\d{{5}}(?:19|20)\d{{2}}{_MONTH}{_DAY}\d{{3}}[\dX]\b",
        checksums.chinese_id, None, ("11010519491231002X",), ("110105194912310021",),
    ),
    # https://www.irs.gov/individuals/individual-taxpayer-identification-number
    _id(
        "us_itin", r"\b9\d{2}[- ]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[- ]?\d{4}\b", None,
        "itin|individual taxpayer", ("ITIN 912-70-1234",), ("912-70-1234",),
    ),
    Detector(
        "passport", "passport", "pii",
        r"\b(?:[A-Z]{1,2}\d{6,8}|[A-Z]\d{2}[A-Z]{2}\d{4}|\d{8,9}"
        r"|[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8})\b",
        matches=("Passport number: X1234567", "passport no. 123456789", "my passport is C01X00T47"),
        ignores=("X1234567", "passport photos cost 12345678"),
        refine=_checked(lambda value: any(48 <= char < 58 for char in value)),
        context=r"(?i)(?:passport|reisepass|passeport|pasaporte)\w*"
        r"(?: ?(?:number|nummer|num|no|nr|id|#|is|de|:|=|\.|-))*[ :=#.\"'(\x1f]{0,4}\z",
    ),
)  # fmt: skip
