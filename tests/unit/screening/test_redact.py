"""Redaction: tokens where values stood, and nothing else changed."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from tests.unit.screening.bodies import bodies

from controlplane.screening.detect import DETECTORS
from controlplane.screening.redact import redact
from controlplane.screening.scan import Finding, scan
from controlplane.screening.splice import Edit, splice


def redacted(body: dict[str, Any], *kinds: str) -> dict[str, Any]:
    return redact(body, [f for f in scan(body) if not kinds or f.kind in kinds])


def text(content: str, *kinds: str) -> str:
    answer: str = redacted({"content": content}, *kinds)["content"]
    return answer


def test_each_kind_has_its_token() -> None:
    key = "sk-ant-" + "a1B2" * 8
    assert (
        text(f"user@example.com, 555-123-4567, 123-45-6789, 4111 1111 1111 1111, {key}!")
        == "[EMAIL_1], [PHONE_1], [US_SSN_1], [CREDIT_CARD_1], [SECRET_1]!"
    )


def test_the_same_value_has_the_same_token_however_it_is_spelled() -> None:
    assert (
        text("a@b.co, A@B.co, c@d.co; a\uff20b.co; 555-123-4567 (555) 123-4567 555-123-4568")
        == "[EMAIL_1], [EMAIL_1], [EMAIL_2]; [EMAIL_1]; [PHONE_1] [PHONE_1] [PHONE_2]"
    )
    body = {"messages": [{"content": "4111-1111-1111-1111"}], "metadata": {"n": 4111111111111111}}
    assert redacted(body) == {
        "messages": [{"content": "[CREDIT_CARD_1]"}],
        "metadata": {"n": "[CREDIT_CARD_1]"},
    }


def test_only_the_given_findings_are_redacted() -> None:
    content = "user@example.com 123-45-6789"
    assert text(content, "email") == "[EMAIL_1] 123-45-6789"
    assert redact({"content": content}, []) == {"content": content}


def test_the_input_is_untouched_and_what_does_not_change_is_shared() -> None:
    body: dict[str, Any] = {
        "messages": [{"content": "a@b.co"}, {"content": ["x", {"y": 1}]}],
        "tools": [{"function": {"parameters": {}}}],
    }
    before = json.dumps(body)
    answer = redacted(body)
    assert json.dumps(body) == before
    assert answer["messages"] == [{"content": "[EMAIL_1]"}, {"content": ["x", {"y": 1}]}]
    assert answer["messages"][1] is body["messages"][1]
    assert answer["tools"] is body["tools"]


def test_invisible_characters_inside_a_value_go_with_it() -> None:
    assert text("x 123\u00ad-45\u200b-6789\u200b y") == "x [US_SSN_1]\u200b y"
    assert (
        text("caf\u00e9 jos\u00e9@example.com \u4f60\u597d") == "caf\u00e9 [EMAIL_1] \u4f60\u597d"
    )


def test_a_value_over_adjacent_parts_leaves_one_token() -> None:
    parts = ["card 4111 ", "1111", " 1111 ", "1111 and a@b.", "co"]
    body = {"content": [{"type": "text", "text": part} for part in parts]}
    answer = redacted(body)
    assert [part["text"] for part in answer["content"]] == [
        "card [CREDIT_CARD_1]",
        "",
        "",
        " and [EMAIL_1]",
        "",
    ]


def test_overlapping_findings_become_one_token() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "aB3dE6gH9j" * 4
    assert text(f"https://u:{token}@host.example.com/") == "https://u:[SECRET_1]@host.example.com/"
    findings = [
        Finding("email", "pii", "a", 2, 6, "x"),
        Finding("secret", "secrets", "a", 0, 4, "x"),
        Finding("phone", "pii", "a", 8, 2, "x"),
    ]
    assert redact({"a": "0123456789end"}, findings) == {"a": "[EMAIL_1][PHONE_1]end"}


def test_names_of_members_are_renamed_in_place_and_none_is_lost() -> None:
    body = {"metadata": {"first": 1, "a@b.co": "x", "A@B.co": "y c@d.co", "last": 2}}
    answer = redacted(body)
    assert list(answer["metadata"].items()) == [
        ("first", 1),
        ("[EMAIL_1]", "x"),
        ("[EMAIL_1]_", "y [EMAIL_2]"),
        ("last", 2),
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"to":"a@b.co"}', '{"to":"[EMAIL_1]"}'),
        (r'{"to":"a\u0040b.co","n":1}', '{"to":"[EMAIL_1]","n":1}'),
        (r'{"to":"x\na@b.co\n"}', r'{"to":"x\n[EMAIL_1]\n"}'),
        ('{"card":4111111111111111}', '{"card":"[CREDIT_CARD_1]"}'),
        ('{"card": -4111111111111111.0e0 , "b":[4111111111111111]}', None),
        ('{"a@b.co":"a@b.co"}', '{"[EMAIL_1]":"[EMAIL_1]"}'),
        ('[4111,1111,1111,1111,"a@b.co"]', '[4111,1111,1111,1111,"[EMAIL_1]"]'),
        (r'{"body":"{\"to\":\"a\\u0040b.co\"}"}', r'{"body":"{\"to\":\"[EMAIL_1]\"}"}'),
        (r'{"to":"x\b@a.co"}', '{"to":"x[EMAIL_1]"}'),  # no half of an escape stays
        (r'{"path":"C:\\a@b.co"}', None),
        ('{"to":"a@b.co', '{"to":"[EMAIL_1]'),  # cut short: no JSON before, none afterwards
        ("a@b.co said {", "[EMAIL_1] said {"),
    ],
)
def test_json_in_a_string_stays_json(arguments: str, expected: str | None) -> None:
    answer = redacted({"arguments": arguments})["arguments"]
    if expected is not None:
        assert answer == expected
    else:
        assert orjson.loads(answer)
    assert scan({"arguments": answer}) == []


def test_a_value_over_the_bounds_of_a_string_of_json_takes_all_with_it() -> None:
    answer = splice('{"a":"12","b":"34"}', [Edit(6, 16, "secret", "12..34")], lambda *_: "[X_1]")
    assert orjson.loads(answer) == "[X_1]"


def test_no_token_is_itself_a_finding_or_speaks_for_one() -> None:
    for row in DETECTORS:
        for value in row.matches:
            content = text(value)
            assert f"[{row.kind.upper()}_1]" in content
            assert scan({"content": f"{content} {content}-{content}@{content}"}) == []
    assert scan({"content": "[PHONE_1] 5551234567 [US_SSN_1] 123456789"}) == []


def test_what_becomes_visible_is_redacted_too() -> None:
    """Glued to a token, the second number is a part of a longer word; then it no longer is."""
    token = "npm_" + "aB3dE6gH9j" * 3 + "aB3dE6"
    glued = f"555-123-4568 {token}555-123-4567"
    assert [finding.kind for finding in scan({"content": glued})] == ["phone", "secret"]
    assert text(glued) == "[PHONE_1] [SECRET_1][PHONE_2]"
    assert text(glued, "phone") == f"[PHONE_1] {token}555-123-4567"


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


@given(bodies)
def test_a_second_scan_finds_nothing_of_what_was_redacted(body: dict[str, Any]) -> None:
    before = repr(body)
    findings = scan(body)
    some = [finding for finding in findings if finding.family == "pii"]
    for chosen in (findings, some):
        assert not kinds(chosen) & kinds(scan(redact(body, chosen)))
    assert repr(body) == before


@given(bodies)
def test_arguments_that_were_json_are_json_afterwards(body: dict[str, Any]) -> None:
    for ascii_only in (True, False):
        try:
            arguments = json.dumps(body, ensure_ascii=ascii_only, allow_nan=False)
            orjson.loads(arguments)
        except (ValueError, UnicodeEncodeError):
            return
        findings = scan({"arguments": arguments})
        answer = redact({"arguments": arguments}, findings)["arguments"]
        assert orjson.loads(answer) is not None
        assert not kinds(findings) & kinds(scan({"arguments": answer}))


def test_sealed_places_stay_as_they_are() -> None:
    body = {"kept": "ana@example.com", "gone": "ana@example.com"}
    findings = [each for each in scan(body) if each.place != "kept"]
    redacted = redact(body, findings, is_sealed=lambda place: place == "kept")
    assert redacted == {"kept": "ana@example.com", "gone": "[EMAIL_1]"}
