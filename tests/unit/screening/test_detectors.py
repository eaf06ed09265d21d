"""The tables of detectors: every row finds its examples and leaves the others alone."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.screening import detect as scanning
from controlplane.screening.checksums import luhn
from controlplane.screening.detect import DETECTORS, detect
from controlplane.screening.detector import Detector
from controlplane.screening.fold import fold

FRAGMENTS = [text for row in DETECTORS for text in (*row.matches, *row.ignores)]
BY_NAME = {row.name: row for row in DETECTORS}


def found(text: str, detector: Detector | None = None) -> list[str]:
    data, _ = fold(text)
    return [
        data[hit.start : hit.end].decode("latin-1")
        for hit in detect(data)
        if detector is None or hit.detector is detector
    ]


def kinds(text: str) -> set[str]:
    return {hit.detector.kind for hit in detect(fold(text)[0])}


@pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)
def test_a_row_of_the_table(row: Detector) -> None:
    assert row.matches
    for text in row.matches:
        assert found(text, row), text
        assert found(f"Look: {text} \u2014 right?", row), text
    for text in row.ignores:
        assert not found(text, row), text


def test_names_are_unique_and_kinds_are_known() -> None:
    assert len(BY_NAME) == len(DETECTORS)
    assert {row.kind for row in DETECTORS if row.family == "secrets"} == {"secret"}
    assert {row.kind for row in DETECTORS if row.family == "pii"} >= {
        *("email", "phone", "us_ssn", "credit_card", "iban", "ip_address"),
        *("uk_nhs", "ca_sin", "in_aadhaar", "de_tax_id", "es_dni", "br_cpf"),
        *("passport", "bank_account"),
    }


def test_there_are_a_hundred_formats_of_secrets() -> None:
    assert sum(row.family == "secrets" for row in DETECTORS) >= 100


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("user@example.com", "email"),
        ("555-123-4567", "phone"),
        ("(555) 123-4567", "phone"),
        ("+1 555 123 4567", "phone"),
        ("123-45-6789", "us_ssn"),
        ("4111 1111 1111 1111", "credit_card"),
        ("4111-1111-1111-1111", "credit_card"),
    ],
)
def test_what_the_plain_patterns_are_written_for(text: str, kind: str) -> None:
    assert kinds(text) == {kind}
    assert kinds(f"It is {text}, thanks.") == {kind}
    assert kinds(f"({text})") == {kind}
    assert kinds(f'"{text}"\n') == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "The build took 1700000000 ns, id 5551234567, order 1234567890123456.",
        "Created 1732354567123, updated 20240115103000.",
        "Version 10.0.19041.1234 at 127.0.0.1 on 2024-01-15 10:30:00.000000",
        "uuid 550e8400-e29b-41d4-a716-446655440000 and sha1 " + "0123456789abcdef" * 2,
        "pi is 3.14159265358979 and e is 2.7182818284590452354",
        "def risk_task(desk): return ask('sk-learn', disk='xoxo')",
        "ISBN 978-0-306-40615-7, price 1 234 567.89, table 100 200 3000",
        "https://example.com:8080/a@b?c=1#d and git clone git@github.com:o/r.git",
        "npm install left-pad@1.3.0 @types/node@20.1.0 image@2x.png",
    ],
)
def test_ordinary_numbers_and_names_are_left_alone(text: str) -> None:
    assert kinds(text) == set()


def test_a_finding_is_the_value_and_nothing_around_it() -> None:
    key = "sk-ant-" + "a1B2" * 8
    assert set(found(f"ANTHROPIC_API_KEY={key}\n")) == {key}
    assert found("postgres://app:hunter2@db/app", BY_NAME["connection_string"]) == ["hunter2"]
    assert found("see 2024 4111 1111 1111 1111 now") == ["4111 1111 1111 1111"]
    block = BY_NAME["private_key_block"].matches[0]
    assert found(f"x\n{block}\ny") == [block]


@pytest.mark.parametrize(
    "address",
    [
        "noreply@anthropic.com",
        "No-Reply@accounts.example.com",
        "donotreply@shop.example",
        "1234567+ana@users.noreply.github.com",
        "49699333+dependabot[bot]@users.noreply.github.com",
        "ana@users.noreply.gitlab.example.com",
    ],
)
def test_addresses_of_software_are_not_personal_data(address: str) -> None:
    assert kinds(f"Co-authored-by: Some One <{address}>") == set()
    assert kinds(address) == set()


@pytest.mark.parametrize(
    "address",
    ["ana@noreply.example.com", "reply@example.com", "ana.noreply@example.com", "bot@example.com"],
)
def test_addresses_that_a_person_may_read_stay_personal(address: str) -> None:
    assert kinds(f"Co-authored-by: Some One <{address}>") == {"email"}


def test_words_for_a_telephone_are_known_in_other_alphabets() -> None:
    assert kinds("Телефон: 60-56-85-91") == {"phone"}
    assert kinds("Τηλέφωνο: 22 342762") == {"phone"}
    assert kinds("电话 21 253 109 8211") == {"phone"}
    assert kinds("Размер: 60-56-85-91") == set()


def test_a_private_key_ends_with_its_own_string() -> None:
    assert found("-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 9 + "\x00QUJD") == [
        "-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 9
    ]


@pytest.mark.parametrize("prefix", ["000", "666", "900", "999", "987"])
def test_no_social_security_number_starts_like_this(prefix: str) -> None:
    assert kinds(f"SSN {prefix}-12-3456") == set()


def test_every_other_area_can_be_a_social_security_number() -> None:
    areas = [f"{area:03}" for area in range(1, 900) if area != 666]
    assert all(kinds(f"{area}-12-3456") == {"us_ssn"} for area in areas)


def test_luhn_catches_every_wrong_digit() -> None:
    card = "4111111111111111"
    assert luhn(card.encode())
    for index in range(len(card)):
        for digit in set("0123456789") - {card[index]}:
            wrong = card[:index] + digit + card[index + 1 :]
            assert not luhn(wrong.encode())
            assert not found(wrong, BY_NAME["credit_card"])


def test_a_list_of_cards_is_found_and_a_table_of_numbers_is_not() -> None:
    cards = ["4111 1111 1111 1111", "5500 0000 0000 0004", "3782 822463 10005"] * 200
    assert found(" ".join(cards)) == cards
    table = " ".join(str(number) for number in range(4000, 6000))
    assert found(table) == []


def test_a_word_speaks_only_for_what_is_near_and_in_the_same_string() -> None:
    assert kinds("my phone is 5551234567") == {"phone"}
    assert kinds("my phone" + " " * 60 + "5551234567") == set()
    assert kinds("my phone\x005551234567") == set()
    assert kinds("HOTEL 5551234567") == set()


@pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)
def test_nothing_is_found_across_two_strings(row: Detector) -> None:
    for text in row.matches:
        for value in found(text, row):
            middle = text.find(value) + len(value) // 2
            pieces = found(f"{text[:middle]}\x00{text[middle:]}", row)
            assert all("\x00" not in piece for piece in pieces)


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), max_size=12))
def test_the_set_of_patterns_never_misses_what_one_of_them_finds(fragments: list[str]) -> None:
    data, _ = fold("".join(fragments))
    matching = set(scanning._matching(data)[0])
    for row in DETECTORS:
        alone = scanning._alone(row.pattern).search(data) is not None
        assert alone <= (row in matching), row.name
        assert row.hint or alone == (row in matching), row.name


def test_a_set_that_gives_up_is_not_taken_for_no_match(monkeypatch: pytest.MonkeyPatch) -> None:
    exhausted = SimpleNamespace(Match=lambda _: None)
    monkeypatch.setattr(scanning, "_together", lambda _: exhausted)
    assert kinds("user@example.com") == {"email"}


def test_no_pattern_is_compiled_by_an_import() -> None:
    code = (
        "from controlplane.screening import detect, redact, scan\n"
        "assert detect._together.cache_info().currsize == 0\n"
        "assert detect._compiled.cache_info().currsize == 0\n"
        "scan.scan({'a': 'plain text'})\n"
        "assert detect._compiled.cache_info().currsize == 1\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_patterns_are_written_for_re2_and_for_folded_text() -> None:
    for row in DETECTORS:
        assert scanning._alone(row.pattern).groups <= 1
        assert not re.search(r"[^\x00-\x7f]", row.pattern)
