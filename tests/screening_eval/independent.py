"""A labelled corpus made without the detectors: values of issuers' rules in frames of many kinds.

Two halves: other values, and other frames around them. The held-out half is for CI, so that no one
tunes a detector to it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from tests.screening_eval import formats, frames, people
from tests.screening_eval.corpus import Document, Label
from tests.screening_eval.formats import Format
from tests.screening_eval.harmless import CATEGORIES, harmless

Half = Literal["development", "held-out"]
_SEEDS = {"development": 20_260_301, "held-out": 20_261_129}
_T = TypeVar("_T")
_PASSWORDS = ("{7:L}{4:d}!", "{4:w}#{5:w}{1:d}", "{6:l}{3:d}", "{12:w}", "{1:L}{6:l}@{4:d}",
    "{16:w}", "{5:l}_{5:l}{2:d}")  # fmt: skip


def documents(half: Half) -> list[Document]:
    """All documents of `half`, the same at every call."""
    rng = random.Random(_SEEDS[half])
    return [
        *_keys(rng, half, "secret, LLM vendors", formats.LLM, 12),
        *_keys(rng, half, "secret, own format", formats.PREFIXED, 6),
        *_named(rng, half),
        *_passwords(rng, half),
        *_people(rng, half),
        *_phones(rng, half),
        *(
            Document(f"harmless: {category}", harmless(rng, category), ())
            for category in CATEGORIES
            for _ in range(40)
        ),
    ]


def _half(half: Half, items: Sequence[_T]) -> Sequence[_T]:
    return items[half == "held-out" :: 2]


def _document(group: str, kind: str, frame: str, value: str, name: str = "") -> Document:
    words = {"n": name, "N": name.upper(), "c": name, "C": name.capitalize()}
    before, after = (part.format(**words) for part in frame.split("{v}", 1))
    # An XML element says its name again; only one value stands in a frame.
    start = len(before)
    return Document(group, before + value + after, (Label(kind, start, start + len(value)),))


def _keys(
    rng: random.Random, half: Half, group: str, rows: Iterable[Format], each: int
) -> Iterator[Document]:
    for row in rows:
        for shape in row.shapes:
            for where, texts in (("code", frames.KEY_CODE), ("prose", frames.KEY_PROSE)):
                for _ in range(each):
                    frame = rng.choice(_half(half, texts))
                    made = formats.value(rng, shape)
                    yield _document(f"{group}, {where}", "secret", frame, made)


def _named(rng: random.Random, half: Half) -> Iterator[Document]:
    for row in formats.NAMED:
        for shape in row.shapes:
            for _ in range(10):
                frame = rng.choice(_half(half, frames.NAMED_FRAMES))
                made = formats.value(rng, shape)
                yield _document("secret, vendor beside", "secret", frame, made, row.name)


def _passwords(rng: random.Random, half: Half) -> Iterator[Document]:
    for _ in range(400):
        frame = rng.choice(_half(half, frames.PASSWORD_FRAMES))
        made = formats.value(rng, rng.choice(_PASSWORDS))
        yield _document("secret, password", "secret", frame, made)


def _people(rng: random.Random, half: Half) -> Iterator[Document]:
    sources = people.fakers(_SEEDS[half])
    makers = {
        "email": (people.email, frames.PLAIN),
        "us_ssn": (people.ssn, frames.PLAIN),
        "iban": (people.iban, frames.PLAIN),
        "ip_address": (people.address, frames.PLAIN),
        "credit_card": (people.card, (*frames.CARD_FRAMES, *frames.PLAIN)),
    }
    for kind, (make, texts) in makers.items():
        for _ in range(300 if kind == "credit_card" else 150):
            made = make(rng, sources)
            yield _document(kind, kind, rng.choice(_half(half, texts)), made)


def _phones(rng: random.Random, half: Half) -> Iterator[Document]:
    for region in people.REGIONS:
        language = frames.LANGUAGES.get(region, "en")
        for national in (True, True, False):
            made = people.phone(rng, region, national=national)
            if made is None:
                continue
            texts = frames.PHONE_WORDS["en" if rng.random() < 0.4 else language]
            if not national:
                texts = frames.PLAIN
            group = "phone, national, beside a word" if national else "phone, international"
            yield _document(group, "phone", rng.choice(_half(half, texts) or texts), made)
