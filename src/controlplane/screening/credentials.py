"""Detectors of secrets without an issuer: private keys, signed tokens, passwords in addresses."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from controlplane.screening.detector import Detector, Span
from controlplane.screening.generated import stands_for

_IN_URL = r"[^\s:@/\x00-\x1f\"'<>\\]"
_MAX_BLOCK_BYTES = 16 * 1024
_BLOCK_END = re.compile(rb"-----END [A-Z0-9 ]{0,40}-----")
_BLOCK_BODY = re.compile(rb"[A-Za-z0-9+/=\s\\:,-]*")
_KEY_LINE = re.compile(rb"[A-Za-z0-9+/=]{20}")
# What stands where a password would: `${PASSWORD}`, `<password>`, `****`, `[SECRET_1]`, and the
# words of examples.
_PLACEHOLDER = re.compile(
    rb"[$<{\[%*].*|x+|\.{3}|(?:my|your)?[-_]?(?:pass(?:word|wd)?|pwd|secret|token|user(?:name)?)"
    rb"|postgres|root|guest|admin|test|example|changeme",
    re.IGNORECASE,
)

# An option may stand some lines behind its command; a manifest is rarely longer.
_COMMAND_BYTES, _MANIFEST_BYTES = 600, 4096
_MANIFEST_ENDS = (b"\x00", b"\n---", b"kind:")
_PRINTABLE = bytes(range(32, 127))
_DATA = re.compile(rb"(?:^|\n)[ \t]{0,8}data:[ \t]*((?:\n(?:[ \t]+[^\n]*|[ \t]*))+)")
_ENTRY = re.compile(
    rb"\n[ \t]+[\w.-]+:[ \t]*(?:[|>][-+]?[ \t]*\n[ \t]+)?[\"']?"
    rb"([A-Za-z0-9+/]{10,}={0,3})(?![\w+/=.])"
)

_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQ"


def _block(data: bytes, start: int, end: int) -> Iterator[Span]:
    """From BEGIN to END; where END is missing, as far as it still looks like a key.

    Refused where nothing like a key is inside: code and prose speak of these lines too.
    """
    limit = min(end + _MAX_BLOCK_BYTES, len(data))
    for bound in (b"\x00", b"-----BEGIN"):
        found = data.find(bound, end, limit)
        limit = limit if found < 0 else found
    body = _BLOCK_END.search(data, end, limit) or _BLOCK_BODY.match(data, end, limit)
    if body and _KEY_LINE.search(data, end, body.end()):
        yield start, body.end()


def _password(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses what only stands for a password."""
    if not _PLACEHOLDER.fullmatch(data, start, end):
        yield start, end


def _of_curl(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The password of `curl -u user:password`; other commands have a `-u` too."""
    command = data[max(start - _COMMAND_BYTES, 0) : start]
    value = data[start:end]
    if (
        b"curl" in command[command.rfind(b"\x00") + 1 :]
        and not _PLACEHOLDER.fullmatch(value)
        and not stands_for(value)
        and not (value.isdigit() or (value.isalpha() and len(value) < 8))
    ):
        yield start, end


def _basic(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Base64 of `user:password`."""
    run = data[start:end].rstrip(b"=")
    if len(run) % 4 == 1:
        return
    pair = base64.b64decode(run + b"=" * (-len(run) % 4))
    user, colon, password = pair.partition(b":")
    if colon and user + password and not pair.translate(None, _PRINTABLE):
        yield from [] if password and _PLACEHOLDER.fullmatch(password) else [(start, end)]


def _in_manifest(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The values of `data:` in the manifest around `kind: Secret`."""
    # Up to the next `kind:`, so that a text full of them is read once.
    first = max(start - _MANIFEST_BYTES, 0)
    first = max(first, *(data.rfind(mark, first, start) for mark in _MANIFEST_ENDS))
    last = min(end + _MANIFEST_BYTES, len(data))
    for mark in _MANIFEST_ENDS:
        found = data.find(mark, end, last)
        last = last if found < 0 else found
    for block in _DATA.finditer(data, first, last):
        for entry in _ENTRY.finditer(data, block.start(1), block.end(1)):
            yield entry.span(1)


DETECTORS = (
    Detector(
        "private_key_block",
        "secret",
        "secrets",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        refine=_block,
        matches=(
            f"-----BEGIN PRIVATE KEY-----\n{_LINE}\nAB==\n-----END PRIVATE KEY-----",
            f"-----BEGIN RSA PRIVATE KEY-----\\n{_LINE}\\nAB",
            f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{_LINE}\n-----END PGP",
            f"-----BEGIN EC PRIVATE KEY-----\nDEK-Info: AES-128-CBC,0A1B\n\n{_LINE}",
        ),
        ignores=(
            f"-----BEGIN PUBLIC KEY-----\n{_LINE}\n-----END PUBLIC KEY-----",
            f"-----BEGIN CERTIFICATE-----\n{_LINE}",
            "between -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----",
        ),
    ),
    Detector(
        "jwt",
        "secret",
        "secrets",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        matches=(
            "Bearer eyJhbGciOiJSUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "aB3dE6gH9j" * 4,
        ),
        ignores=("eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9.e30.abc"),
    ),
    Detector(
        "curl_user",
        "secret",
        "secrets",
        r"[ \t\n](?:-u|--user)[= \t]{1,4}[\"']?[A-Za-z0-9_.@+-]{0,64}[\"']?:"
        r"[\"']?([^\s\"'$<{\[(\x00-\x1f]{3,})",
        refine=_of_curl,
        matches=(
            "curl -u elastic:hunter22! https://localhost/x",
            "curl --user 'api:d2LkV78zLx'",
        ),
        ignores=(
            "curl -u user:pass https://x",
            "curl -u $USER:$PASSWORD x",
            "docker run -u 1000:1000",
        ),
    ),
    Detector(
        "basic_credentials",
        "secret",
        "secrets",
        r"(?i)\bbasic ([a-z0-9+/]{8,}={0,2})",
        refine=_basic,
        matches=("Authorization: Basic " + base64.b64encode(b"ana:hunter22").decode(),),
        ignores=("Basic understanding", "Basic " + base64.b64encode(b"user:password").decode()),
    ),
    Detector(
        "kubernetes_secret",
        "secret",
        "secrets",
        r"(?i)\bkind:[ \t]{0,4}[\"']?secret\b",
        refine=_in_manifest,
        matches=("kind: Secret\ndata:\n  key: " + base64.b64encode(b"hunter22!").decode(),),
        ignores=(
            "kind: Secret\ndata:\n  key: {{ value }}\n",
            "kind: Secret\nmetadata:\n  name: abcdefghijkl",
        ),
    ),
    Detector(
        "connection_string",
        "secret",
        "secrets",
        rf"(?i)\b[a-z][a-z0-9+.-]*://(?:{_IN_URL})*:((?:{_IN_URL}|[:@])+)@[a-z0-9\[]",
        refine=_password,
        matches=(
            "postgres://app:hunter2@db.example.com:5432/app",
            "postgresql+psycopg://app:p%40ss@10.0.0.1/app",
            "redis://:hunter2@cache:6379/0",
            "rediss://default:hunter2@cache",
            "mongodb+srv://app:hunter2@cluster0.abcde.mongodb.net/?retryWrites=true",
            "mysql://root:hunter2@localhost",
            "amqps://app:hunter2@queue",
            "https://app:hunter2@example.com/path",
        ),
        ignores=(
            "postgres://db.example.com/app",
            "postgres://app@db.example.com",
            "postgres://app:${PASSWORD}@db",
            "postgres://app:<password>@db",
            "postgres://app:****@db",
            "postgres://user:pass@localhost",
            "http://host:8080/a@b",
            "https://example.com:8080",
        ),
    ),
)
