"""Secrets without a format of their own: told by the name before them, and by being random.

Entropy alone flags nearly every text. A value counts only where a name says secret, and where it
mixes characters as generated ones do; words, placeholders and expressions of code are none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from controlplane.screening.detector import Detector, Span

_MIN_BITS_PASSWORD, _MIN_BITS_KEY = 2.75, 3.0
_MIN_KEY, _MAX_LENGTH = 20, 200
# A run of letters is a word; digits in order are made up.
_WORDY = re.compile(
    rb"(?i)[a-z]{7}|[a-z]{4,}[_.-][a-z]{3,}|pass|admin|secret|test|example|change|user|demo|dummy"
    rb"|your|key|token|none|null|true|false|xxx|\*\*|1234|qwerty|abc1|https?:|env"
)
_WORDY_KEY = re.compile(
    rb"(?i)[a-z]{4,}[_.-][a-z]{3,}|example|your|xxxx|secret|dummy|test|12345678|placeholder|abcdef"
)
_CASES = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"\d"), re.compile(rb"[^\w]"))
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEXT = (b"(", b"[", b"{")

_IS = r"[\"'\]`]{0,2}[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}"
_OPEN = r"(?:[brfu]?[\"'`])?"
_KEY_NAMES = (
    r"api[_-]?key|api[_-]?secret|client[_-]?secret|secret[_-]?key|access[_-]?key|app[_-]?secret"
    r"|(?:auth|access|api|bot|refresh|bearer|secret)[_-]?token|signing[_-]?secret|encryption[_-]?key"
)
_VENDORS = (
    r"cohere|mistral|mistralai|together|deepseek|ai21|voyageai|deepgram|assemblyai|stability|zhipu"
    r"|openai|anthropic|groq|deepinfra|novita|nebius|sambanova|moonshot"
)

_RANDOM = "aB3dE6gH9jK2mN5pQ8rS1tU4"


def _bits(value: bytes) -> float:
    """Shannon's entropy, in bits per character."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def _random_password(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Digits, letters, and signs or both cases; no word in it."""
    value = data[start:end]
    mixed = [bool(case.search(value)) for case in _CASES]
    if (
        len(value) <= _MAX_LENGTH
        and mixed[2]
        and (mixed[0] or mixed[1])
        and sum(mixed) >= 3
        and _bits(value) >= _MIN_BITS_PASSWORD
        and not _WORDY.search(value)
        and data[end : end + 1] not in _NEXT
    ):
        yield start, end


def _random_key(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Long, of letters and digits, with the entropy of what is generated."""
    value = data[start:end]
    mixed = [bool(case.search(value)) for case in _CASES[:3]]
    shaped = sum(mixed) == 3 or _HEX.fullmatch(value) or (mixed[2] and len(value) >= 32)
    if (
        _MIN_KEY <= len(value) <= _MAX_LENGTH
        and mixed[2]
        and shaped
        and _bits(value) >= _MIN_BITS_KEY
        and not _UUID.fullmatch(value)
        and not _WORDY_KEY.search(value)
        and data[end : end + 1] not in _NEXT
    ):
        yield start, end


DETECTORS = (
    Detector(
        "assigned_password",
        "secret",
        "secrets",
        rf"(?i)(?:password|passwd|passphrase|pwd|client_secret|passwort){_IS}{_OPEN}"
        r"([^\s\"'`,;<>{}()\[\]\\&|\x00-\x1f]{8,})",
        refine=_random_password,
        matches=(
            'password = "kT9#vQ2!xLw7"',
            "DB_PASSWORD=kT9#vQ2!xLw7\n",
            '{"password": "kT9vQ2xLw7Zp"}',
        ),
        ignores=(
            'password = "changeme"',
            'password = "your-password-1A"',
            "password = get_password(1)",
            "password: hunter2",
            "PASSWORD=${DB_PASSWORD_2}",
            "password = os.environ['P1']",
        ),
    ),
    Detector(
        "assigned_key",
        "secret",
        "secrets",
        rf"(?i)(?:{_KEY_NAMES}|(?:\b|_)token|(?:\b|_)secret){_IS}{_OPEN}"
        r"([A-Za-z0-9_+/=.~-]{19,}[A-Za-z0-9_+/=~-])",
        refine=_random_key,
        matches=(
            f'MISTRAL_API_KEY="{_RANDOM}{_RANDOM[:8]}"',
            "x-api-key: " + "0a1b2c3d4e5f6789" * 4,
            f"apiKey: '{_RANDOM}'",
            f"GITHUB_TOKEN={_RANDOM}",
        ),
        ignores=(
            "api_key = settings.openai_api_key_v2",
            "api_key = 'your-api-key-goes-here-123'",
            "max_tokens = 12345678901234567890",
            "next_page: token",
            "token = 550e8400-e29b-41d4-a716-446655440000",
        ),
    ),
    Detector(
        "key_of_a_client",
        "secret",
        "secrets",
        rf"(?i)\b(?:{_VENDORS})\w{{0,12}}(?:\.\w{{1,20}})?\(\s{{0,8}}(?:\w{{1,16}}\s?=\s?)?"
        r"[\"']([A-Za-z0-9_-]{20,})[\"']",
        refine=_random_key,
        matches=(
            f'co = cohere.Client("{_RANDOM}{_RANDOM[:8]}")',
            f"MistralClient(api_key='{_RANDOM}')",
        ),
        ignores=("cohere.Client(api_key)", 'openai.Model("gpt-4o-mini-2024-07-18")'),
    ),
    Detector(
        "bearer_token",
        "secret",
        "secrets",
        r"(?i)\b(?:bearer|basic) ([A-Za-z0-9_+/=.~-]{19,}[A-Za-z0-9_+/=~-])",
        refine=_random_key,
        matches=(f"Authorization: Bearer {_RANDOM}{_RANDOM[::-1]}",),
        ignores=("Bearer token-based-authentication", "Basic understanding"),
    ),
)
