"""Folding: what detectors see of a text, and the way back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.screening.fold import fold, unescape
from controlplane.screening.redact import Tokens
from controlplane.screening.scan import scan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ASCII\n", b"plain ASCII\n"),
        ("\uff15\uff15\uff15\uff0d\uff11", b"555-1"),  # full-width
        ("\u0661\u0662\u0663\u06f4\u0967", b"12341"),  # Arabic, Persian, Devanagari
        ("\U0001d7d9\U0001d7da\u2460\u00b2", b"1212"),  # mathematical, circled, superscript
        ("1\u20102\u20113\u20124\u20135\u20146\u22127\ufe638", b"1-2-3-4-5-6-7-8"),
        ("a\u00a0b\u2003c\u202fd\u3000e", b"a b c d e"),
        ("1\u00ad2\u200b3\u200d4\ufeff5\u20606\u2800", b"123456"),
        ("a\u0301e\u0308\u00fc\u00e9\u0130", b"aeueI"),
        ("user\uff20example\uff0ecom", b"user@example.com"),
        ("\u2024\ufb01\u33a1", b".fim2"),
        ("o\u2019brien", b"o'brien"),
        ("4\ufe0f\u20e3", b"4"),  # a keycap
        ("\u4f60\u597d \u0438", b"\xe0\xfd \xb8"),
        ("\ud55c\uad6d", b"\xdc\xed"),  # one letter each, not its parts
        ("\u20ac\U0001f600", b"\x02\x02"),
        ("\ud800", b"\x02"),
    ],
)
def test_how_text_is_folded(text: str, expected: bytes) -> None:
    assert fold(text)[0] == expected


@pytest.mark.parametrize(
    ("before", "value", "after", "kind"),
    [
        ("", "user@example.com", "", "email"),
        ("\u4f60\u597d", "user@example.com", "\u8c22\u8c22", "email"),
        ("\u200b\u200b ", "us\u00ader@exam\u200bple.com", "\u200b end", "email"),
        ("\ufdfa ", "user\uff20example.com", " \ufdfa", "email"),  # one character, eighteen folded
        ("Größe: ", "josé@example.com", " \u2013 ok", "email"),
        ("caf\u0065\u0301 ", "j\u0065\u0301r\u00f4me@example.com", " x", "email"),
        ("\U0001f600 ", "\uff11\uff12\uff13\u201345\u20146789", "\u3002", "us_ssn"),
        ("n\u00b0 ", "123\u00ad-\u200b45-6789", ".", "us_ssn"),
        ("", "4111\u00a01111\u20091111\u30001111", "", "credit_card"),
        ("\u200f", "\u0664\u0661\u0661\u0661-1111-1111-1111", "\u200e", "credit_card"),
        ("t\u00e9l. ", "(555)\u00a0123\u20114567", "\u00a0!", "phone"),
    ],
)
def test_a_disguised_value_is_found_with_its_own_bounds(
    before: str, value: str, after: str, kind: str
) -> None:
    (finding,) = scan({"a": f"{before}{value}{after}"})
    assert finding.kind == kind
    assert (finding.offset, finding.length) == (len(before), len(value))


@given(st.text())
def test_the_way_back_never_leaves_the_text_nor_turns_around(text: str) -> None:
    data, offsets = fold(text)
    assert data.isascii() or not text.isascii()
    if offsets is None:
        assert len(data) == len(text)
        return
    starts = [offsets.start(position) for position in range(len(data))]
    ends = [offsets.end(position + 1) for position in range(len(data))]
    assert starts == sorted(starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    # What a stretch folds to is found in what its original folds to.
    for position, (start, end) in enumerate(zip(starts, ends, strict=True)):
        assert data[position : position + 1] in fold(text[start:end])[0]


@given(st.text(alphabet=[*map(chr, range(32, 127)), "\u00e9", "\u4f60", "\u200b"], min_size=70))
def test_many_distinct_characters_fold_like_few(text: str) -> None:
    many = "".join(map(chr, range(0x4E00, 0x4E50)))
    assert fold(text + many)[0] == fold(text)[0] + fold(many)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a\u0040b", "a@b"),
        (r"a\nb\tc", "a\nb\tc"),
        (r"\/\/", "//"),
        (r"\\n", r"\n"),
        (r"\\\n", "\\\n"),
        (r"\\\\\\\\", r"\\\\"),
        (r"\q\u00zz", None),
        ("none", None),
    ],
)
def test_escapes_of_json_are_decoded(text: str, expected: str | None) -> None:
    decoded = unescape(text)
    assert (decoded and decoded[0]) == expected


@given(st.text(alphabet=["\\", "u", "0", "4", "n", '"', "/", "a", "\u00e9"]))
def test_the_way_back_from_decoded_text(text: str) -> None:
    decoded = unescape(text)
    if decoded is None:
        return
    plain, offsets = decoded
    assert offsets.end(len(plain)) == len(text)
    for position, char in enumerate(plain):
        start = offsets.start(position)
        if char != "\\":
            assert text[start] in (char, "\\")


def test_a_letter_that_became_a_byte_is_not_taken_for_that_character() -> None:
    assert fold("\u043e\u00be")[0] == fold("\u043e")[0] + fold("\u00be")[0]
    assert fold("телефон¾µ")[0] == b"".join(fold(char)[0] for char in "телефон¾µ")


def test_words_of_another_alphabet_stay_different_words() -> None:
    assert fold("анна")[0] != fold("иван")[0]
    tokens = Tokens()
    assert tokens("email", "анна@пример.рф") != tokens("email", "иван@пример.рф")
