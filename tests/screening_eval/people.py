"""Personal data made by `faker`, `phonenumbers` and the rules of card issuers: no one's own."""

# ruff: noqa: E501 (tables)
from __future__ import annotations

import random

import phonenumbers
from faker import Faker

_LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "pt_BR", "sv_SE")
_IBAN_LOCALES = ("en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "de_AT", "fi_FI")
# Prefixes and lengths as the issuers publish them (ISO/IEC 7812 and their own pages).
_ISSUERS = (
    ("4", 16), ("4", 13), ("4", 19), ("51", 16), ("53", 16), ("55", 16), ("2221", 16), ("2300", 16), ("2500", 16),
    ("2720", 16), ("34", 15), ("37", 15), ("6011", 16), ("644", 16), ("65", 16), ("3528", 16), ("3589", 16), ("2131", 15),
    ("1800", 15), ("300", 14), ("36", 14), ("38", 14), ("62", 16), ("62", 19), ("2200", 16), ("5018", 12), ("5020", 12),
    ("5038", 12), ("5893", 12), ("6304", 12), ("6759", 12), ("6761", 13), ("6763", 16), ("6759", 19),
)  # fmt: skip
_GROUPS = {
    12: (4, 4, 4),
    13: (4, 3, 3, 3),
    14: (4, 6, 4),
    15: (4, 6, 5),
    16: (4, 4, 4, 4),
    19: (4, 4, 4, 4, 3),
}


def fakers(seed: int) -> dict[str, Faker]:
    """A seeded source for each locale."""
    made = {}
    for locale in (*_LOCALES, *_IBAN_LOCALES):
        made[locale] = Faker(locale)
        made[locale].seed_instance(seed)
    return made


def email(rng: random.Random, sources: dict[str, Faker]) -> str:
    return str(sources[rng.choice(_LOCALES)].ascii_email())


def iban(rng: random.Random, sources: dict[str, Faker]) -> str:
    number = str(sources[rng.choice(_IBAN_LOCALES)].iban())
    grouped = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    return grouped if rng.random() < 0.5 else number


def ssn(_: random.Random, sources: dict[str, Faker]) -> str:
    return str(sources["en_US"].ssn())


def address(rng: random.Random, sources: dict[str, Faker]) -> str:
    source = sources["en_US"]
    return str(source.ipv6() if rng.random() < 0.4 else source.ipv4_public())


def card(rng: random.Random, _: dict[str, Faker]) -> str:
    prefix, length = rng.choice(_ISSUERS)
    body = prefix + "".join(rng.choices("0123456789", k=length - len(prefix) - 1))
    # Luhn's check, from the right.
    doubled = sum(sum(divmod(2 * int(char), 10)) for char in body[::-2])
    digits = body + str(-(doubled + sum(map(int, body[-2::-2]))) % 10)
    gap = rng.choice(("", "", " ", " ", "-", "."))
    groups, at = [], 0
    for size in _GROUPS[length]:
        groups.append(digits[at : at + size])
        at += size
    return gap.join(groups)


_TYPES = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
REGIONS = tuple(sorted(phonenumbers.SUPPORTED_REGIONS))


def phone(rng: random.Random, region: str, *, national: bool) -> str | None:
    """A number of `region` as it is written there; None where the metadata gives no example."""
    kind = rng.choice(_TYPES)
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return None
    digits = phonenumbers.national_significant_number(example)
    for _ in range(40):
        # The last digits are free nearly everywhere.
        changed = digits[:-4] + "".join(rng.choices("0123456789", k=4))
        number = phonenumbers.parse(f"+{example.country_code}{changed}")
        if phonenumbers.is_valid_number(number):
            example = number
            break
    forms = phonenumbers.PhoneNumberFormat
    form = forms.NATIONAL if national else rng.choice((forms.INTERNATIONAL, forms.E164))
    return str(phonenumbers.format_number(example, form))
