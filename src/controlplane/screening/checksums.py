"""Check digits: what makes a number an identity and not just a number."""

from __future__ import annotations

import re

_LETTERS_AND_DIGITS = re.compile(rb"[^0-9A-Za-z]+")
_SINGLE = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))
_VERHOEFF_ORDER = (
    b"0123456789", b"1576283094", b"5803796142", b"8916043527",
    b"9453126870", b"4286573901", b"2793806415", b"7046913258",
)  # fmt: skip
_NIF_LETTERS = b"TRWAGMYFPDXBNJZSQVHLCKE"
_HETU_LETTERS = b"0123456789ABCDEFHJKLMNPRSTUVWXY"
# Codice fiscale: what a character in an odd place counts.
_ODD = dict(
    zip(
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
         6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip


def plain(value: bytes) -> bytes:
    """Digits and capitals alone."""
    return _LETTERS_AND_DIGITS.sub(b"", value).upper()


def luhn(digits: bytes) -> bool:
    """True where the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = sum(digits[-1::-2].translate(_SINGLE)) + sum(digits[-2::-2].translate(_DOUBLED))
    return total % 10 == 0


def verhoeff(digits: bytes) -> bool:
    """Verhoeff's check over the dihedral group of order ten (Aadhaar)."""
    state = 0
    for index, char in enumerate(reversed(digits)):
        state = _dihedral(state, _VERHOEFF_ORDER[index % 8][char - 48] - 48)
    return state == 0


def _dihedral(left: int, right: int) -> int:
    if left < 5:
        return (left + right) % 5 if right < 5 else 5 + (left + right) % 5
    return 5 + (left - right) % 5 if right < 5 else (left - right) % 5


def mod_97(characters: bytes) -> bool:
    """ISO 7064 MOD 97-10, letters counting 10 to 35; the first four moved to the end (IBAN)."""
    moved = characters[4:] + characters[:4]
    return int("".join(str(int(chr(char), 36)) for char in moved)) % 97 == 1


def weighted(digits: bytes, weights: tuple[int, ...]) -> int:
    """The sum of digits times weights."""
    return sum((char - 48) * weight for char, weight in zip(digits, weights, strict=False))


def nhs(digits: bytes) -> bool:
    """https://www.datadictionary.nhs.uk/attributes/nhs_number.html"""
    check = -weighted(digits, tuple(range(10, 1, -1))) % 11
    return check == digits[9] - 48


def mod_11_10(digits: bytes) -> bool:
    """ISO 7064 MOD 11,10, and one digit twice or thrice among ten: the German tax id."""
    if digits[:1] == b"0" or not 8 <= len(set(digits[:10])) <= 9:
        return False
    product = 10
    for char in digits[:10]:
        product = ((char - 48 + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10] - 48


def nif(value: bytes) -> bool:
    """Spanish DNI and NIE: the letter is the number modulo 23."""
    number = value[:-1].translate(bytes.maketrans(b"XYZ", b"012"))
    return _NIF_LETTERS[int(number) % 23] == value[-1]


def cpf(digits: bytes) -> bool:
    """Brazil: two check digits modulo 11; eleven equal digits are none."""
    return len(set(digits)) > 1 and all(
        weighted(digits, tuple(range(size, 1, -1))) * 10 % 11 % 10 == digits[size - 1] - 48
        for size in (10, 11)
    )


def rut(value: bytes) -> bool:
    """Chile: modulo 11, K for ten."""
    body = value[:-1][::-1]
    check = -weighted(body, (2, 3, 4, 5, 6, 7, 2, 3, 4)) % 11
    return (b"K" if check == 10 else str(check).encode()) == value[-1:]


def nir(digits: bytes) -> bool:
    """France: two digits that make the number a multiple of 97."""
    return int(digits[:13]) % 97 == 97 - int(digits[13:])


def codice_fiscale(value: bytes) -> bool:
    """Italy: the last letter checks the fifteen before it."""
    total = sum(_ODD[char] for char in value[0:15:2])
    total += sum(char - 48 if char < 58 else char - 65 for char in value[1:15:2])
    return value[15] == 65 + total % 26


def hetu(value: bytes) -> bool:
    """Finland: nine digits modulo 31."""
    return _HETU_LETTERS[int(value[:6] + value[-4:-1]) % 31] == value[-1]


def bsn(digits: bytes) -> bool:
    """The Netherlands: eleven-proof."""
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and int(digits) > 0


def pesel(digits: bytes) -> bool:
    """Poland."""
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def belgian(digits: bytes) -> bool:
    """Belgium: modulo 97, births since 2000 with a 2 in front."""
    check = 97 - int(digits[9:])
    return check in (int(digits[:9]) % 97, int(b"2" + digits[:9]) % 97)


def chinese_id(value: bytes) -> bool:
    """GB 11643: ISO 7064 MOD 11-2."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return b"10X98765432"[weighted(value, weights) % 11] == value[17]


def aba(digits: bytes) -> bool:
    """Routing numbers of US banks."""
    return weighted(digits, (3, 7, 1) * 3) % 10 == 0 and int(digits) > 0
