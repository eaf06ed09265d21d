"""Secrets without a format of their own: told by the name before them, and by being generated.

Entropy alone flags nearly every text. A value counts only where a name says secret, and where it
looks generated; words, placeholders and expressions of code are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.assignment import IS, is_quoted, name_of
from controlplane.screening.detector import Detector, Span
from controlplane.screening.generated import bits, is_placeholder, is_wordy

_MIN_BITS_PASSWORD, _MIN_BITS_SHORT, _MIN_BITS_KEY = 2.3, 2.75, 3.0
_MIN_KEY, _MIN_SHORT_KEY, _MAX_LENGTH = 20, 10, 200
_CASES = (re.compile(rb"[a-z]"), re.compile(rb"[A-Z]"), re.compile(rb"\d"), re.compile(rb"[^\w]"))
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_UUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How pictures and documents begin in base64.
_FILE = re.compile(rb"iVBORw0KGg|/9j/|R0lGOD|UklGR|JVBERi|PHN2Zy")
_NEXT = (b"(", b"[", b"{")

_KEY_WORD = r"key|token|secret|credentials?|creds|auth|access"
_KEY_NAME = re.compile(_KEY_WORD.encode(), re.IGNORECASE)
# A name that says secret by itself; `key` or `access` alone may be anything.
_STRONG = re.compile(
    rb"(?i)api[_.-]?key|secret|token|credential|creds|(?:access|auth|private|signing|encryption|master"
    rb"|service|account|admin|storage|license|session|client|app|sdk|deploy|webhook)[_.-]?key|[A-Z0-9]_KEY\b"
)
_SAYS_API = re.compile(rb"(?i)api[_.-]?(?:key|token)|auth[_.-]?token|access[_.-]?token")
# Names of what belongs to a key without being one, and words that only contain the letters.
_HARMLESS = re.compile(
    rb"(?i)pub(?:lic|lishable)?[_.-]?(?:key|token)|[cx]srf|(?:primary|foreign|partition|sort|hot|bucket"
    rb"|schema|sequence|natural|idx|cache|row|range|hash|object|shard|dedup\w*|idempotency|i18n)[_.-]?key"
    rb"|(?:key|token|secret|credential|access|auth|api)s?[_.-]?(?:id(?![a-z])|ids|name|file|path|ur[il]|size|len|type"
    rb"|alias|version|vault|pair|ring|code|frame|stone|mesh|selector|signature|hash|count|limit|usage"
    rb"|expir|audience|endpoint|host|user|email|method|mode|level|source|scope|region|provider|format"
    rb"|algorithm|prefix|variable|store|tab|word|board|press|down|up|left|right|event)"
    rb"|author|accessib|accessor|tokeniz|turkey|monkey|keying|rapid|hash|sha\d|md5|checksum|digest"
    rb"|integrity|etag|commit|fingerprint|continuation|next[_.-]?page|page[_.-]?token|max_token"
)
# A password is a word followed by digits and signs often enough; these say that it is none.
_NO_PASSWORD = re.compile(
    rb"(?i)pass(?:word|wd|phrase)?\d{0,4}\W?|.*(?:password|passwd|passphrase|credential|param|config|input"
    rb"|request|getenv|environ|env\.|null|none|undefined|true|false).*|(?:secret|test|admin|user(?:name)?|root"
    rb"|guest|demo|default|token|letmein|welcome|abc|value|string|text|hidden)[\d_!-]{0,6}|https?:.*"
)
_WORD_UNQUOTED = re.compile(
    rb"(?i)[a-z]{7}|[a-z]{4,}[_.-][a-z]{3,}|pass|admin|secret|test|user|demo|key|token|1234|abc1"
)
_OPERATOR = re.compile(rb"[=>:]\Z")

_CLIENTS = (
    r"cohere|mistral|mistralai|together|deepseek|ai21|voyageai|deepgram|assemblyai|stability|zhipu"
    r"|openai|anthropic|groq|deepinfra|novita|nebius|sambanova|moonshot"
)

_RANDOM = "aB3dE6gH9jK2mN5pQ8rS1tU4"


def _password(data: bytes, start: int, end: int) -> Iterator[Span]:
    """What people choose where it is quoted or follows `=` closely; else what is generated."""
    value = data[start:end]
    mixed = [bool(case.search(value)) for case in _CASES]
    if (
        len(value) > _MAX_LENGTH
        or not (mixed[0] or mixed[1])
        or not (mixed[2] or (mixed[3] and mixed[1]) or (len(value) >= 10 and not is_wordy(value)))
        or bits(value) < _MIN_BITS_PASSWORD
        or data[end : end + 1] in _NEXT
        or is_placeholder(value)
        or _NO_PASSWORD.fullmatch(value)
    ):
        return
    literal = is_quoted(data, start, end) or _OPERATOR.search(data, start - 1, start)
    quoted = is_quoted(data, start, end)
    named = b"." in value or b"_" in value
    chosen = (
        literal
        and (mixed[3] or len(value) >= 8)
        and not (named and (not quoted or is_wordy(value)))
    )
    generated = sum(mixed) >= 3 and mixed[2] and len(value) >= 8
    if chosen or (generated and not _WORD_UNQUOTED.search(value)):
        yield start, end


def _key(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Letters and digits as a generator mixes them."""
    value = data[start:end]
    if not _MIN_SHORT_KEY <= len(value) <= _MAX_LENGTH or data[end : end + 1] in _NEXT:
        return
    mixed = [bool(case.search(value)) for case in _CASES[:3]]
    is_hex = _HEX.fullmatch(value) is not None
    uniform = is_hex or sum(mixed) < 3
    # What costs least first: most candidates are refused here.
    if not mixed[2] or not (mixed[0] or mixed[1]) or (uniform and len(value) < _MIN_KEY):
        return
    name = name_of(data, start, _KEY_NAME)
    strong = _STRONG.search(name) is not None
    if (
        _HARMLESS.search(name)
        or (uniform and not strong)
        or (len(value) < _MIN_KEY and not (strong and is_quoted(data, start, end)))
        or (_UUID.fullmatch(value) and not _SAYS_API.search(name))
        or bits(value) < (_MIN_BITS_KEY if len(value) >= _MIN_KEY else _MIN_BITS_SHORT)
        or is_placeholder(value)
        or _FILE.match(value)
        or (not is_hex and is_wordy(value, 0.5 if uniform or len(value) < 24 else 0.6))
    ):
        return
    yield start, end


def _passed(data: bytes, start: int, end: int) -> Iterator[Span]:
    value = data[start:end]
    if all(case.search(value) for case in _CASES[:3]) or len(value) >= 32 or _HEX.fullmatch(value):
        yield from _bearer(data, start, end)


def _bearer(data: bytes, start: int, end: int) -> Iterator[Span]:
    value = data[start:end]
    mixed = [bool(case.search(value)) for case in _CASES[:3]]
    if (
        mixed[2]
        and (mixed[0] or _HEX.fullmatch(value))
        and bits(value) >= _MIN_BITS_SHORT
        and not is_placeholder(value)
        and (_HEX.fullmatch(value) or not is_wordy(value))
    ):
        yield start, end


_NAMES_OF_PASSWORDS = (
    r"(?:password|passwd|passphrase|passwort|passcode|pwd|client_secret|contrasena)"
)
DETECTORS = (
    Detector(
        "assigned_password",
        "secret",
        "secrets",
        rf"(?i)(?:{_NAMES_OF_PASSWORDS}[a-z0-9]{{0,8}}(?:{IS}|[ \t])|identified by ['\"]"
        r"|sshpass -p ?['\"]?"
        r"|convertto-securestring[ \t]{1,4}(?:-string[ \t]{1,4})?['\"])"
        r"([^\s\"'`,;<>{}()\[\]\\&|\x00-\x1f]{6,})",
        refine=_password,
        matches=(
            'password = "kT9#vQ2!xLw7"',
            "DB_PASSWORD=kT9#vQ2!xLw7\n",
            '{"password": "kT9vQ2xLw7Zp"}',
            "password = 'Sommer2024!'",
            "CREATE USER app IDENTIFIED BY 'Winter77#'",
            "<password>Herbst2031</password>",
        ),
        ignores=(
            'password = "changeme"',
            'password = "your-password-1A"',
            "password = get_password(1)",
            "password: hunter2",
            "PASSWORD=${DB_PASSWORD_2}",
            "password = os.environ['P1']",
            "password = 'admin123'",
            "password=request.form['password1']",
        ),
    ),
    Detector(
        "assigned_key",
        "secret",
        "secrets",
        rf"(?i)(?:{_KEY_WORD})[a-z0-9_.-]*(?:{IS})([a-z0-9_+/.~-]{{9,}}[a-z0-9_+/~-]={{0,3}})",
        refine=_key,
        matches=(
            f'MISTRAL_API_KEY="{_RANDOM}{_RANDOM[:8]}"',
            "x-api-key: " + "0a1b2c3d4e5f6789" * 4,
            f"apiKey: '{_RANDOM}'",
            f"GITHUB_TOKEN={_RANDOM}",
            f"const serviceToken: string = '{_RANDOM}'",
            f"<appSecret>{_RANDOM}</appSecret>",
            f"my api key is {_RANDOM}",
        ),
        ignores=(
            "api_key = settings.openai_api_key_v2",
            "api_key = 'your-api-key-goes-here-123'",
            "max_tokens = 12345678901234567890",
            "next_page: token",
            "token = 550e8400-e29b-41d4-a716-446655440000",
            f"public_key = '{_RANDOM}'",
            f"csrf_token: {_RANDOM}",
            "const KEY_NAME = 'ultraPictureBox1Settings2'",
        ),
    ),
    Detector(
        "key_of_a_flag",
        "secret",
        "secrets",
        r"(?i)--[a-z-]{0,32}(?:key|token|secret) [\"']?([a-z0-9_+/.~-]{15,}[a-z0-9_+/~-]={0,3})",
        refine=_key,
        matches=(f"tool --api-key {_RANDOM}",),
        ignores=("tool --key-file generate_certificates2",),
    ),
    Detector(
        "key_of_a_client",
        "secret",
        "secrets",
        rf"(?i)\b(?:{_CLIENTS})\w{{0,12}}(?:\.\w{{1,20}})?\(\s{{0,8}}(?:\w{{1,16}}\s?=\s?)?"
        r"[\"']([A-Za-z0-9_-]{20,})[\"']",
        refine=_passed,
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
        r"(?i)\b(?:bearer |basic |authorization:[ \t]{0,4}(?:(?:api-)?token )?)"
        r"([a-z0-9_+/=.~-]{15,}[a-z0-9_+/=~-])",
        refine=_bearer,
        matches=(
            f"Authorization: Bearer {_RANDOM}{_RANDOM[::-1]}",
            f"Authorization: Token {_RANDOM}",
        ),
        ignores=("Bearer token-based-authentication", "Authorization: AWS4-HMAC-SHA256"),
    ),
)
