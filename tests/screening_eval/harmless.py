"""Texts in which nothing is personal or secret, by what makes them look as if there were."""

# ruff: noqa: E501 (tables)
from __future__ import annotations

import base64
import random
from collections.abc import Callable

from tests.screening_eval.formats import value

_HASH, _UUID = "{40:x}", "{8:x}-{4:x}-4{3:x}-a{3:x}-{12:x}"


def _of(*templates: str) -> Callable[[random.Random], str]:
    return lambda rng: value(rng, rng.choice(templates))


def _picture(rng: random.Random) -> str:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(rng.randrange(90, 900))).decode()
    return rng.choice(
        (
            f"![logo](data:image/png;base64,{data})",
            f'{{"type":"image","data":"{data}"}}',
            f"key: {data}",
        )
    )


def _minified(rng: random.Random) -> str:
    names = [value(rng, "{1:l}{1:w}") for _ in range(12)]
    parts = [
        f"{a}.key={b}[{rng.randrange(99)}],{b}.token=function({a}){{return {a}.password||!{rng.randrange(2)}}}"
        for a, b in zip(names[::2], names[1::2], strict=True)
    ]
    return f'!function(){{var {",".join(names)};{";".join(parts)};e.exports="{value(rng, "{20:x}")}"}}();'


_MADE: dict[str, Callable[[random.Random], str]] = {
    "part numbers": _of(
        "Part no. {3:d}-{4:d}-{3:d} is out of stock", "SKU {4:d}-{3:d}-{4:d}", "P/N {2:d}-{4:d}-{2:d}, rev 3",
        "model {3:A}-{4:d}-{3:d}", "catalogue number {3:d}.{3:d}.{3:d}", "serial {4:d} {4:d} {3:d}",
        "replace filter {3:d}-{3:d}-{2:d} and gasket {5:d}-{5:d}", "article {3:d}-{4:d}", "item #{10:d}",
        "NSN {4:d}-01-{3:d}-{4:d}", "bearing {4:d}-{3:d}RS", "drawing {2:d}-{6:d}-{2:d} sheet 2", "order 1{3:d}-{7:d}-{7:d}",
    ),
    "sizes": _of(
        "It is 1{2:d} x {2:d} x {2:d} mm", "{3:d} 000 000 bytes", "a {4:d} x {4:d} pixel image, {3:d} kB", "1920x1080@60",
        "size 2{2:d}/55 R16", "{1:d} {3:d} {3:d} {3:d} rows", "resolution 3840 2160 {4:d}", "M8x1.25x{2:d}, {3:d}-{3:d} Nm",
        "W32 L34, 1{2:d}-1{2:d} cm", "cell 10{2:d} mAh, 12-24 V, 100-240 VAC 50/60 Hz",
    ),
    "money": _of(
        "USD 1,{3:d},{3:d}.00", "EUR 2.{3:d}.{3:d},50", "cost 1 {3:d} {3:d} 000 rubles", "$4{2:d} {3:d} {3:d}",
        "budget: 2{2:d} {3:d} {4:d}", "total 1'{3:d}'{3:d}.55 CHF", "invoice 2026-{5:d}: 1{3:d}.00 due in 30 days",
        "revenue rose from 1{2:d} {3:d} {3:d} to 2{2:d} {3:d} {3:d}", "price {3:d}-{3:d} USD, 12 x 1{2:d}.99",
    ),
    "dates and times": _of(
        "from 2024-01-1{1:d} to 2025-02-1{1:d}", "at 17{8:d} and 17{11:d}", "20240{1:d}0{1:d}T10{2:d}00Z", "1{1:d}.05.2025 1{1:d}:30",
        "tel aviv time 10:30, 2024 2025 2026", "years 1990-2020, pp. 123-1{2:d}", "took 0.{9:d}s, {6:d}.{3:d} ms", "the 2025-1{1:d}-02 call",
    ),
    "identifiers": _of(
        f"id {_UUID}", f"request {_UUID} failed", f"commit {_HASH}", "sha256:{64:x}", "md5 {32:x}", "etag W/\"{32:x}\"",
        "trace 00-{32:x}-{16:x}-01", "ISBN 978-3-16-14{4:d}-0", "EAN 40063813{5:d}", "DOI 10.1000/{6:d}", "tracking 1Z999AA1012345{4:d}",
        f"key_id: {_UUID}", f"tenant_id = \"{_UUID}\"", "image: repo/app@sha256:{64:x}", "chunk-{20:w}.js", "msg_01{22:w}", "toolu_01{22:w}",
        "chatcmpl-{29:w}", "req_{24:w}", "call_{24:w}", "resp_{48:x}", "fingerprint fp_{10:x}", "IMEI 35{13:d}", "VIN 1HGCM82633A00{4:d}",
        "arn:aws:iam::{12:d}:role/app", "vpc-{17:x} subnet-{17:x}", "projects/{12:d}/locations", "ray {16:x}-FRA", "coordinates 52.{6:d}, 13.{6:d}",
    ),
    "versions": _of(
        "version 1.{1:d}.{2:d}.{1:d}", "v2.{1:d}.{2:d}", "Windows 10.0.19{3:d}.{3:d}", "numpy==1.2{1:d}.4", "Chrome/120.0.{4:d}.{2:d}",
        "section 4.1.2.{1:d}", "OID 1.3.6.1.4.1.{4:d}", "kernel 5.15.0-{2:d}-generic", "rc0.15.0_2023{4:d}_{4:d}-SNAPSHOT",
    ),
    "lock files": _of(
        '"integrity": "sha512-{86:b}=="', "golang.org/x/oauth2 v0.15.0 h1:{43:b}=", "--hash=sha256:{64:x}", 'checksum = "{64:x}"',
        '"resolved": "https://packages.example.org/a/-/a-1.0.0.tgz#{40:x}"', "  version: 1.2.3\n  resolution: {{integrity: sha512-{86:b}==}}",
        "CHECKSUMS:\n  rake (13.0.6) sha256={64:x}", '"content-hash": "{32:x}"', "dist.shasum: {40:x}", "keyring@24.3.0: sha256 {64:x}",
        'metadata.token-hash = "{64:x}"', "yarn: key-tree@npm:1.0.0 checksum: 10c0/{64:x}",
    ),
    "public keys": _of(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{43:b} ana@laptop", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB{120:b}",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{43:b}=\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----\nMIIC{60:b}\n-----END CERTIFICATE-----",
        'public_key = "{43:b}="', "pk_test_{24:w}", "SHA256:{43:b}", "publicKey: {44:w}", "pubkey {64:x}", "keyFingerprint: SHA256:{43:b}",
    ),
    "documented examples": _of(
        "AKIA" + "IOSFODNN7EXAMPLE", "aws_secret_access_key = wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYEXAMPLEKEY", "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "api_key = '<your-key>'", "ANTHROPIC_API_KEY=sk-ant-api03-...", "token: YOUR_ACCESS_TOKEN_HERE", "password: ********", "xoxb-not-a-real-token-this-will-not-work",
        "xoxb-123456789012-my-bot-token", "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "secret = 'changeme'", "API_KEY=abcdefghijklmnopqrstuvwxyz1234567890",
        "postgres://user:password@localhost:5432/db", "https://username:password@example.com", "Bearer YOUR_JWT_TOKEN", "apiKey: 'REPLACE_ME_WITH_KEY_1'",
        "ntn_1234567890123456789012345678901234567890", "key = '0123456789abcdef0123456789abcdef'", "sk_test_1234567890abcdefghijklmn", "hf_" + "tokenizerFastImplementationWrapper",
        "AUTH_TOKEN=${{ secrets.AUTH_TOKEN_V2 }}", "password = \"{{ vault_db_password1 }}\"", "PASSWORD=$DB_PASSWORD_1", "curl -u user:pass https://example.com",
        "glpat-XXXXXXXXXXXXXXXXXXXX", "SECRET_KEY=django-insecure-change-me-123", "HMAC key 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "key = 000102030405060708090a0b0c0d0e0f",
        "Authorization: Basic <base64(user:pass)>", "sk-ant-api03-EXAMPLEEXAMPLEEXAMPLEEXAMPLE", "4242 is the test card's end", "client_secret: example-client-secret-1",
        "GOCSPX-your-client-secret-here-1234", "--password=<PASSWORD>", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    ),
    "code": _of(
        "password = get_password(user1)", "token = tokens[i + 12]", "api_key = settings.openai_api_key_v2", "const token = await getToken2();",
        "self.password = request.form['password1']", "if token == TokenType.KEYWORD_2:", "key_length = XSalsa20.key_length", "keyPressed = kVK_Return.u16",
        "public static final String KEY_NAME2 = \"com.example.keyName2\";", "max_tokens=4096, token_type_ids=ids", "accessibilityOptionId = \"" + _UUID + "\"",
        "csrf_token: {{ csrf_token }}", "primaryKey = [col1, col2]", "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased2')", "access_token_url = 'https://github.com/login/oauth'",
        "secret_name: prod-app-secret-1", "keyframes: slide-in-2", "author = \"Ana 2\"", "password_hash = bcrypt.hashpw(password, salt16)", "authMethod: RSA_SHA256",
        "passwordVariable: 'PASSWORD_1'", "monkeypatch.setattr(mod, 'token', 'x1')", "credentialsId: '" + _UUID + "'", "export const KEY_EVENTS_V2 = 'key_events_v2'",
        "api_version=2024-02-01", "apiUrl=api.example.com/v2", "tokens = 12_000; secret_santa = 'Ana'", "def test_password_reset_flow_2(self): pass", "Key('user:1234')",
        "hotkey: ctrl+shift+k2", "sortKey = \"createdAt#2024\"", "partition_key = 'tenant_1'", "key: \"Turkey Standard Time\"", "keyboard_layout = 'us-intl-2'",
    ),
    "prose": _of(
        "The password policy asks for 12 characters.", "Call 2 or 3 people, then 15 more.", "The key is to be patient; the secret: 7 hours of sleep.", "Token budgets of 128000 are common.",
        "Tel Aviv had 460,613 people in 2020.", "My number one is Ana, my number 2 is Bo.", "Reach 1000000 users by 2027.", "He called 911 at 10:15.", "Phone 15 Pro costs 1,199.00.",
        "The phone weighs 172 g and is 146.7 x 71.5 x 7.8 mm", "Handy: 2 Stück, 199 Euro", "mobile users grew 12.5% to 5,300,000", "text 2024 to 2025", "Dial in at 10:30 on 2026-01-12",
    ),
    "software addresses": _of(
        "Co-authored-by: dependabot[bot] <{8:d}+dependabot[bot]@users.noreply.github.com>", "Co-Authored-By: Claude <noreply@anthropic.com>", "Signed-off-by: GitHub <noreply@github.com>",
        "From: no-reply@accounts.example.com", "Author: Ana <{7:d}+ana@users.noreply.github.com>", "Co-authored-by: renovate[bot] <{8:d}+renovate[bot]@users.noreply.github.com>",
        "Committer: x <x@users.noreply.gitlab.com>", "donotreply@shop.example",
    ),
}  # fmt: skip
_MADE["pictures"] = _picture
_MADE["minified code"] = _minified
CATEGORIES = tuple(_MADE)


def harmless(rng: random.Random, category: str) -> str:
    """One text of `category`."""
    return _MADE[category](rng)
