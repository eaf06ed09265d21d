"""The labelled documents: values in templates, and disguises that a gateway meets."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from typing import NamedTuple

from tests.screening_eval import values
from tests.screening_eval.negatives import negatives
from tests.screening_eval.values import Make

SEED = 20_240_501
EACH = 40


class Label(NamedTuple):
    """`text[start:end]` is a value of this kind."""

    kind: str
    start: int
    end: int


class Document(NamedTuple):
    """One text, what is in it, and the group it is counted under."""

    group: str
    text: str
    labels: tuple[Label, ...]


_PROSE = (
    "Please write to {} about it.", "It is {}, thanks.", "({})", '"{}"', "{}", "Use {}.",
    "First line\n{}\nlast line", "**{}** is mine", "my data: {}; delete it", "`{}`", "<b>{}</b>",
    "Was it {}?", "联系{}谢谢", "これは{}です", "| name | {} |", "> {}!", "[{}]", "value={}&next=1",
)  # fmt: skip
_CODE = (
    "client = OpenAI(api_key='{}')", 'API_KEY="{}"', "export TOKEN={}\nmake run", "key: {}\n",
    '{{"headers": {{"Authorization": "Bearer {}"}}}}', "curl -H 'x-api-key: {}' https://api.example.com",
    "const key = `{}`;", 'os.environ["KEY"] = "{}"  # todo', "token={}", "-e SECRET={} image",
    "key := \"{}\"\n", "auth = ('user', '{}')", "# old: {}", "https://example.com/?key={}&a=1",
)  # fmt: skip
_PASSWORD = (
    'password = "{}"', "password: '{}'", 'DB_PASSWORD="{}"', '{{"password": "{}"}}',
    "PASSWORD={}\n", 'client_secret = "{}"', "postgres://app:{}@db.example.com/app",
)  # fmt: skip
_VENDOR = (
    'MISTRAL_API_KEY="{}"', "TOGETHER_API_KEY={}\n", "COHERE_API_KEY: '{}'",
    'co = cohere.Client("{}")', 'api_key = "{}"', '{{"apiKey": "{}"}}', "DEEPGRAM_API_KEY={}",
    "x-api-key: {}",
)  # fmt: skip
_CONTEXT: dict[str, tuple[Make, tuple[str, ...]]] = {
    "phone": (
        values.bare_phone,
        ("My phone is {}.", "Call me at {}", "Tel: {}", "mobile {} please"),
    ),
    "uk_nhs": (values.nhs, ("NHS number {}", "nhs no: {}.")),
    "ca_sin": (values.sin, ("SIN {}", "Social Insurance Number: {}")),
    "br_cpf": (values.cpf, ("CPF {}", "O número é {}.")),
    "es_dni": (values.dni, ("DNI {}", "Mi DNI es {}.")),
    "de_tax_id": (values.german_tax_id, ("Steuer-ID: {}", "Steueridentifikationsnummer {}")),
    "in_aadhaar": (values.aadhaar, ("Aadhaar {}", "my aadhaar number is {}.")),
    "passport": (values.passport, ("Passport number: {}", "passport no. {}", "My passport is {}.")),
    "bank_account": (values.bank_account, ("Account number: {}", "bank account no. {}")),
}
_PLAIN: dict[str, Make] = {
    "email": values.email, "phone": values.phone, "us_ssn": values.ssn,
    "credit_card": values.card, "iban": values.iban, "ip_address": values.ip_address,
}  # fmt: skip


def _between(char: str) -> Callable[[str], str]:
    return char.join


def _full_width(value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


_DISGUISES: tuple[Callable[[str], str], ...] = (
    _between("\u00ad"), _between("\u200d"), _between("\u200b"), _between("\u2060"), _full_width,
    lambda value: value.replace(" ", "\u00a0").replace("-", "\u2011"),
    lambda value: value.replace("-", "\u2013").replace(" ", "\u202f"),
)  # fmt: skip


def _document(group: str, kind: str, template: str, value: str) -> Document:
    before, after = template.replace("{{", "{").replace("}}", "}").split("{}")
    start = len(before)
    return Document(group, before + value + after, (Label(kind, start, start + len(value)),))


def _base64_document(template: str, value: str) -> Document:
    plain = f"the key is {value} and no other"
    encoded = base64.b64encode(plain.encode()).decode()
    return _document("secret, base64", "secret", template, encoded)


def _escaped(value: str) -> Document:
    return _document("secret, code", "secret", '{{"arguments": "{{\\"n\\":\\"{}\\"}}"}}', value)


def documents() -> list[Document]:
    """All documents, the same at every call."""
    rng = random.Random(SEED)
    made: list[Document] = []
    for kind, make in _PLAIN.items():
        made += (_document(kind, kind, rng.choice(_PROSE), make(rng)) for _ in range(2 * EACH))
        for disguise in _DISGUISES:
            made += (
                _document(kind, kind, rng.choice(_PROSE), disguise(make(rng))) for _ in range(4)
            )
    for kind, (make, templates) in _CONTEXT.items():
        made += (_document(kind, kind, rng.choice(templates), make(rng)) for _ in range(EACH // 2))
    for group, templates in (("secret, prose", _PROSE), ("secret, code", _CODE)):
        made += (
            _document(group, "secret", rng.choice(templates), values.secret(rng))
            for _ in range(4 * EACH)
        )
    for disguise in _DISGUISES[:5]:
        made += (
            _document("secret, prose", "secret", rng.choice(_PROSE), disguise(values.secret(rng)))
            for _ in range(4)
        )
    made += (_escaped(values.secret(rng)) for _ in range(EACH // 2))
    made += (_base64_document(rng.choice(_CODE), values.secret(rng)) for _ in range(EACH // 2))
    for make, templates in ((values.password, _PASSWORD), (values.vendor_key, _VENDOR)):
        made += (
            _document("secret, code", "secret", rng.choice(templates), make(rng))
            for _ in range(EACH)
        )
    made += (Document("negative", text, ()) for text in negatives(rng, EACH * 3 // 4))
    return made


def as_json_lines() -> str:
    """The documents for another tool: one JSON object a line."""
    return "\n".join(json.dumps(document._asdict()) for document in documents())
