"""Our own key in what a provider says: no caller, record or log gets to see it.

Servers that quote the request's headers in their errors do so in clear, in lower case, escaped as
their format wants it, or in base64.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache

MASK = "[key]"
# A shorter one is a placeholder of a server that wants none: it stands in words by chance.
MIN_LENGTH = 8
# So much of the beginning is the key, too: some show the first half of it.
_TELLING = 16


def without_key(text: str, api_key: str) -> str:
    """`text` with a mask in the place of the key."""
    if not api_key:
        return text
    return _pattern(api_key).sub(MASK, text)


def body_without_key(body: bytes, api_key: str) -> bytes:
    """The same of a body in whatever encoding."""
    if not api_key:
        return body
    # Latin-1 has a character for each byte.
    return without_key(body.decode("latin-1"), api_key).encode("latin-1")


def answer_without_key(data: bytes, api_key: str) -> bytes:
    """The same of a success, whose words are the model's: the key in clear alone."""
    if len(api_key) < _TELLING:
        return data
    return data.replace(api_key.encode(), MASK.encode())


@lru_cache(maxsize=64)
def _pattern(api_key: str) -> re.Pattern[str]:
    if len(api_key) < MIN_LENGTH:
        return re.compile(re.escape(api_key))
    letters = [_letter(each) for each in api_key]
    forms = ["".join(letters), *map(re.escape, _in_base64(api_key.encode()))]
    if len(letters) > _TELLING:
        forms.append("".join(letters[:_TELLING]) + r"[\w-]*")
    return re.compile("|".join(forms), re.IGNORECASE)


def _letter(letter: str) -> str:
    """It, and how URLs, JSON and HTML write it."""
    code = ord(letter)
    hexadecimal = "".join(f"%(?:25)?{byte:02x}" for byte in letter.encode())
    escaped = rf"{re.escape(letter)}|{hexadecimal}|\\+u{code:04x}|&\#(?:0*{code}|x0*{code:x});"
    return rf"(?:{escaped}|\\+/)" if letter == "/" else f"(?:{escaped})"


def _in_base64(key: bytes) -> Iterator[str]:
    """What of its base64 is the same whatever stands before and after it."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + key).decode()
        middle = text[-(-before * 8 // 6) : (before + len(key)) * 8 // 6]
        yield middle
        yield middle.translate(str.maketrans("+/", "-_"))
