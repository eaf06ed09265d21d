"""What was screened before costs less, and what is found stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from tests.unit.screening.bodies import bodies

from controlplane.screening import detect
from controlplane.screening.scan import scan
from controlplane.screening.scope import EVERYTHING, Scope, custom_detector
from controlplane.screening.seen import SeenTexts, fingerprint, seen

EMAIL = "user@example.com"
PLAIN = "Nothing to see here, an ordinary sentence of an ordinary history. " * 3


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    seen.cache_clear()
    yield
    seen.cache_clear()


def history(*contents: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content} for content in contents]}


def part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def places(body: dict[str, Any], scope: Scope = EVERYTHING) -> list[str]:
    return [finding.place for finding in scan(body, scope)]


def test_what_held_nothing_is_remembered_and_what_held_something_is_found_again() -> None:
    body = history(PLAIN, f"{PLAIN} {EMAIL}", PLAIN + "2")
    assert places(body) == ["messages.1.content"]
    assert len(seen()) == 2
    assert places(body) == ["messages.1.content"]
    assert places(history(PLAIN, PLAIN, EMAIL)) == ["messages.2.content"]


@given(bodies)
def test_a_second_scan_finds_what_the_first_one_found(body: dict[str, Any]) -> None:
    first = scan(body)
    assert scan(body) == first
    seen.cache_clear()
    assert scan(body) == first


def test_a_value_over_two_texts_that_are_known_to_be_harmless_is_found() -> None:
    first, second = f"{PLAIN} mail user@exam", f"ple.com now. {PLAIN}"
    assert places({"input": [part(first), {"a": 1}, part(second)]}) == []
    assert len(seen()) == 2
    assert places({"input": [part(first), part(second)]}) == ["input.0.text"]


def test_a_policy_that_looks_for_more_is_told_nothing_by_one_that_looks_for_less() -> None:
    body = history(f"{PLAIN} EMP-123456 {EMAIL}")
    no_addresses = Scope(wanted=lambda detector: detector.kind != "email")
    custom = Scope(custom=(custom_detector("employee", "EMP-[0-9]{6}"),))
    assert places(body, no_addresses) == places(body, no_addresses) == []
    assert places(body) == ["messages.0.content"]
    assert len(places(body, custom)) == 2


def test_every_part_of_a_scope_counts() -> None:
    scopes = [
        EVERYTHING,
        Scope(custom=(custom_detector("a", "x"),)),
        Scope(custom=(custom_detector("b", "x"),)),
        Scope(domains=frozenset({"example.com"})),
        Scope(values=frozenset({b"A"})),
        Scope(wanted=lambda _: True),
        Scope(wanted=lambda detector: detector.kind != "email"),
    ]
    assert len({fingerprint(scope) for scope in scopes}) == len(scopes)


def test_nothing_is_remembered_where_a_limit_was_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "MAX_HITS", 2)
    scan(history(f"{EMAIL} {EMAIL} {EMAIL}", f"{PLAIN} {EMAIL}"))
    assert len(seen()) == 0


def test_a_member_that_speaks_for_its_value_is_part_of_what_is_known() -> None:
    text = "5551234567 " + PLAIN * 3
    assert places({"note": text}) == []
    assert places({"phone": text}) == ["phone"]


def test_memory_is_bounded_and_holds_no_text() -> None:
    memory = SeenTexts(most=3)
    digests = [memory.digest({"content": f"{PLAIN} {n}"}, b"s" * 16) for n in range(5)]
    for digest in digests:
        assert digest is not None
        assert len(digest) == 16
        memory.remember(digest)
    assert len(memory) == 3
    assert [digest is not None and memory.knows(digest) for digest in digests] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_the_one_not_met_for_longest_leaves_first() -> None:
    memory = SeenTexts(most=2)
    for digest in (b"a", b"b"):
        memory.remember(digest)
    assert memory.knows(b"a")
    memory.remember(b"c")
    assert memory.knows(b"a")
    assert not memory.knows(b"b")


def test_two_processes_do_not_digest_alike() -> None:
    value = {"content": PLAIN}
    assert SeenTexts().digest(value, b"") != SeenTexts().digest(value, b"")


@pytest.mark.parametrize("value", ["short", "\ud800" * 99, [2**70] * 99])
def test_what_is_not_worth_it_or_cannot_be_written_is_not_remembered(value: Any) -> None:
    assert SeenTexts().digest(value, b"") is None
