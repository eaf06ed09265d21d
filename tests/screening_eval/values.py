"""Values of every kind, made from a seeded source: none belongs to anybody."""

from __future__ import annotations

import random
from collections.abc import Callable

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
DIGITS = "0123456789"
ALNUM = UPPER + LOWER + DIGITS
URL_SAFE = ALNUM + "-_"
HEX = DIGITS + "abcdef"

Make = Callable[[random.Random], str]


def text(rng: random.Random, alphabet: str, length: int) -> str:
    return "".join(rng.choices(alphabet, k=length))


def digits(rng: random.Random, shape: str) -> str:
    """`###-N##`: `#` becomes any digit, `N` one from 2 to 9."""
    return "".join(
        rng.choice(DIGITS) if char == "#" else rng.choice("23456789") if char == "N" else char
        for char in shape
    )


def email(rng: random.Random) -> str:
    local = rng.choice(
        ["ana", "j.smith", "o'neil", "max+news", "first_last", "x9", "a.b-c", "émile"]
    )
    host = rng.choice(
        ["example", "mail.example", "acme-corp", "uni", "müller", "a1", "xn--mnchen-3ya"]
    )
    top = rng.choice(["com", "org", "co.uk", "io", "de", "museum", "dev"])
    return f"{local}{rng.randrange(99)}@{host}.{top}"


_PHONE_SHAPES = (
    "+1N##N######",
    "+1 N## N## ####",
    "+1-N##-N##-####",
    "+1 (N##) N##-####",
    "+1.N##.N##.####",
    "(N##) N##-####",
    "(N##)N##-####",
    "N##-N##-####",
    "N##.N##.####",
    "N## N## ####",
    "1-N##-N##-####",
    "1 (N##) N##-####",
    "001-N##-N##-####",
    "+44 20 7### ####",
    "+447#########",
    "+44 (0)20 7### ####",
    "+49 30 ######",
    "+49 (0) 170 #######",
    "+49 (30) ######",
    "+33 1 ## ## ## ##",
    "+336########",
    "+86 138 #### ####",
    "+91 98### #####",
    "+81-3-####-####",
    "+55 (11) 9####-####",
    "+353 1 ### ####",
    "+61 2 #### ####",
    "+61 4## ### ###",
    "+7 495 ###-##-##",
    "0044 20 7### ####",
    "00 49 30 ######",
    "011 44 20 7### ####",
    "06 ## ## ## ##",
    "01.##.##.##.##",
    "020 7### ####",
    "07### ######",
    "(020) 7### ####",
    "02 9### ####",
    "04## ### ###",
)
_PHONE_EXTENSIONS = (" ext. ###", "x####", " x##", " ext ####", " extension ###", ", ext. ##")


def phone(rng: random.Random) -> str:
    number = digits(rng, rng.choice(_PHONE_SHAPES))
    northern = number.startswith(("+1", "(N", "1-")) or number[-5:-4] == "-"
    return (
        number + digits(rng, rng.choice(_PHONE_EXTENSIONS))
        if northern and rng.random() < 0.25
        else number
    )


def bare_phone(rng: random.Random) -> str:
    """Found only beside a word that says phone."""
    return digits(rng, rng.choice(["N##N######", "1N##N######", "0## #######", "98### #####"]))


def ssn(rng: random.Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{rng.randrange(1, 100):02}-{rng.randrange(1, 10_000):04}"


def luhn(number: str) -> str:
    """`number` with the digit behind it that Luhn's check wants."""
    total = 0
    for index, char in enumerate(reversed(number)):
        digit = int(char) * (2 if index % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return number + str(-total % 10)


_BRANDS = (
    ("4", 16), ("4", 16), ("4", 13), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16),
    ("34", 15), ("37", 15), ("6011", 16), ("65", 16), ("3528", 16), ("3589", 16), ("36", 14),
    ("305", 14), ("62", 16), ("6759", 12), ("5018", 13), ("2201", 16),
)  # fmt: skip


def card(rng: random.Random) -> str:
    prefix, length = rng.choice(_BRANDS)
    number = luhn(prefix + text(rng, DIGITS, length - len(prefix) - 1))
    gap = rng.choice(["", "", " ", "-", "."])
    if length == 16:
        return gap.join(number[i : i + 4] for i in range(0, 16, 4))
    if length == 15:
        return gap.join((number[:4], number[4:10], number[10:]))
    return number


_IBANS = {
    "DE": "##################", "GB": "AAAA##############", "FR": "##########*############",
    "NL": "AAAA##########", "ES": "####################", "IT": "A######################",
    "CH": "#################", "BE": "############", "PL": "########################",
    "NO": "###########", "AT": "################", "SE": "####################",
    "SA": "##******************", "MT": "AAAA#####******************",
}  # fmt: skip


def iban(rng: random.Random) -> str:
    country = rng.choice(sorted(_IBANS))
    letters = {"#": DIGITS, "A": UPPER, "*": UPPER + DIGITS, "Z": DIGITS}
    account = "".join(rng.choice(letters[char]) for char in _IBANS[country])
    value = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    number = f"{country}{98 - int(value) % 97:02}{account}"
    if rng.random() < 0.5:
        return number
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))


def ip_address(rng: random.Random) -> str:
    if rng.random() < 0.6:
        first, last = rng.randrange(1, 224), rng.randrange(1, 255)
        return f"{first}.{rng.randrange(256)}.{rng.randrange(256)}.{last}"
    groups = [f"{rng.randrange(0x1000, 0x10000):x}" for _ in range(8)]
    shape = rng.randrange(4)
    if shape == 0:
        return ":".join(groups)
    if shape == 1:
        return f"2001:db8::{groups[0]}:{groups[1]}"
    if shape == 2:
        return f"fe80::{groups[0]}:{groups[1]}:{groups[2]}:{groups[3]}"
    return f"2a02:{groups[0]}:{groups[1]}::{rng.randrange(1, 10)}"


def nhs(rng: random.Random) -> str:
    while True:
        body = digits(rng, "4########")
        check = 11 - sum(int(char) * (10 - index) for index, char in enumerate(body)) % 11
        if check != 10:
            number = body + str(check % 11)
            return f"{number[:3]} {number[3:6]} {number[6:]}"


def sin(rng: random.Random) -> str:
    number = luhn(rng.choice("1234567") + text(rng, DIGITS, 7))
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"


def cpf(rng: random.Random) -> str:
    number = text(rng, DIGITS, 9)
    for size in (10, 11):
        rest = sum(int(char) * (size - index) for index, char in enumerate(number)) * 10 % 11
        number += str(rest % 10)
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def dni(rng: random.Random) -> str:
    number = digits(rng, "########")
    return number + "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def german_tax_id(rng: random.Random) -> str:
    """ISO 7064 MOD 11,10; exactly one digit of the first ten occurs twice."""
    order = rng.sample(DIGITS, 10)
    order[rng.randrange(1, 9)] = order[9]
    if order[0] == "0":
        order[0] = next(char for char in "123456789" if char not in order)
    product = 10
    for char in order:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    return "".join(order) + str((11 - product) % 10)


_VERHOEFF = ("0123456789", "1576283094", "5803796142", "8916043527",
             "9453126870", "4286573901", "2793806415", "7046913258")  # fmt: skip
_DIHEDRAL = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
             "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip


def aadhaar(rng: random.Random) -> str:
    """The last digit is Verhoeff's."""
    body = digits(rng, "N##########")
    for last in DIGITS:
        state = 0
        for index, char in enumerate(reversed(body + last)):
            state = int(_DIHEDRAL[state][int(_VERHOEFF[index % 8][int(char)])])
        if state == 0:
            number = body + last
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def passport(rng: random.Random) -> str:
    return rng.choice([digits(rng, "N########"), text(rng, UPPER, 1) + digits(rng, "N#######")])


def bank_account(rng: random.Random) -> str:
    return digits(rng, rng.choice(["N#######", "N#########", "N###########"]))


_SECRETS: tuple[tuple[str, str, int], ...] = (
    ("sk-proj-", URL_SAFE, 120),
    ("sk-", ALNUM, 48),
    ("sk-svcacct-", URL_SAFE, 80),
    ("sk-ant-api03-", URL_SAFE, 93),
    ("sk-or-v1-", HEX, 64),
    ("AIza", URL_SAFE, 35),
    ("gsk_", ALNUM, 52),
    ("xai-", ALNUM, 80),
    ("pplx-", ALNUM, 48),
    ("r8_", ALNUM, 37),
    ("hf_", UPPER + LOWER, 34),
    ("nvapi-", URL_SAFE, 64),
    ("fw_", ALNUM, 24),
    ("sk-cp-", URL_SAFE, 43),
    ("AKIA", UPPER + "234567", 16),
    ("GOCSPX-", URL_SAFE, 28),
    ("ghp_", ALNUM, 36),
    ("github_pat_11", ALNUM, 80),
    ("glpat-", URL_SAFE, 20),
    ("npm_", ALNUM, 36),
    ("pypi-AgEIcHlwaS5vcmc", URL_SAFE, 120),
    ("xoxb-123456789012-1234567890123-", ALNUM, 24),
    ("sk_live_", ALNUM, 24),
    ("shpat_", HEX, 32),
    ("dop_v1_", HEX, 64),
    ("dapi", HEX, 32),
    ("hvs.", URL_SAFE, 90),
    ("lin_api_", ALNUM, 40),
    ("sntrys_", ALNUM, 80),
    ("dckr_pat_", URL_SAFE, 27),
    ("figd_", URL_SAFE, 40),
    ("ntn_", ALNUM, 46),
    ("EAACEdEose0cBA", ALNUM, 60),
    ("tskey-auth-", ALNUM, 30),
    ("rubygems_", HEX, 48),
    ("pul-", HEX, 40),
    ("doo_v1_", HEX, 64),
    ("lsv2_pt_", HEX, 32),
    ("PMAK-", HEX, 24),
    ("phc_", ALNUM, 43),
    ("pcsk_", ALNUM + "_", 68),
    ("tgp_v1_", URL_SAFE, 43),
    ("jina_", ALNUM, 60),
    ("csk-", LOWER + DIGITS, 48),
)


def secret(rng: random.Random) -> str:
    """A key of a format that names its issuer."""
    while True:
        prefix, alphabet, length = rng.choice(_SECRETS)
        body = text(rng, alphabet, length)
        if prefix == "lsv2_pt_":
            body += "_" + text(rng, HEX, 10)
        if prefix == "PMAK-":
            body += "-" + text(rng, HEX, 34)
        # A dash at an end could as well belong to the sentence.
        if body and body[-1] not in "-_" and not body.startswith(("-", "_")):
            return prefix + body


def password(rng: random.Random) -> str:
    """What people really set: letters, digits and signs."""
    return text(rng, ALNUM, 6) + rng.choice("!#%^*") + text(rng, ALNUM, 5) + rng.choice("7934")


def vendor_key(rng: random.Random) -> str:
    """A key without a prefix (Mistral, Together, Cohere): known by the name before it."""
    return text(rng, ALNUM, 32) if rng.random() < 0.7 else text(rng, HEX, 64)
