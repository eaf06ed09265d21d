"""Where things are found in a request, and what is said of them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from tests.unit.screening.bodies import bodies

from controlplane.screening.detect import DETECTORS
from controlplane.screening.scan import Finding, scan

EMAIL = "user@example.com"
CARD = 4111111111111111


def places(body: dict[str, Any]) -> list[str]:
    return [finding.place for finding in scan(body)]


def request(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], **changes}


def message(**changes: Any) -> dict[str, Any]:
    return request(messages=[{"role": "system", "content": "Hi"}, {"role": "user", **changes}])


def part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (message(content=f"I am {EMAIL}"), "messages.1.content"),
        (request(messages=[{"role": "system", "content": EMAIL}]), "messages.0.content"),
        (message(role="tool", content=EMAIL), "messages.1.content"),
        (message(role="developer", content=[part(EMAIL)]), "messages.1.content.0.text"),
        (message(content=[part("a"), part(EMAIL)]), "messages.1.content.1.text"),
        (message(content="a", name=EMAIL), "messages.1.name"),
        (message(content=None, refusal=EMAIL), "messages.1.refusal"),
        (
            message(tool_calls=[{"id": "1", "function": {"arguments": f'{{"to":"{EMAIL}"}}'}}]),
            "messages.1.tool_calls.0.function.arguments",
        ),
        (
            request(tools=[{"type": "function", "function": {"description": EMAIL}}]),
            "tools.0.function.description",
        ),
        (
            request(tools=[{"function": {"parameters": {"to": {"enum": [EMAIL]}}}}]),
            "tools.0.function.parameters.to.enum.0",
        ),
        (
            request(response_format={"json_schema": {"schema": {"description": EMAIL}}}),
            "response_format.json_schema.schema.description",
        ),
        (request(metadata={"owner": EMAIL}), "metadata.owner"),
        (request(user=EMAIL), "user"),
        (request(stop=["a", EMAIL]), "stop.1"),
        (request(stop=EMAIL), "stop"),
        (request(prediction={"type": "content", "content": EMAIL}), "prediction.content"),
        (request(model=EMAIL), "model"),
        (request(x_unknown={"deep": [[{"er": EMAIL}]]}), "x_unknown.deep.0.0.er"),
        (request(metadata={"card": CARD}), "metadata.card"),
        (request(metadata={"card": float(CARD)}), "metadata.card"),
        (request(metadata={"ssn": 123456789}), "metadata.ssn"),
        (request(metadata={"phone_number": "5551234567"}), "metadata.phone_number"),
        (
            request(metadata={"aws_secret_access_key": "aB3d" * 10}),
            "metadata.aws_secret_access_key",
        ),
    ],
)
def test_every_string_of_a_request_is_looked_at(body: dict[str, Any], place: str) -> None:
    assert places(body) == [place]
    assert scan(orjson.loads(orjson.dumps(body))) == scan(body)


def test_a_request_without_anything() -> None:
    assert scan(request(temperature=0.5, n=1, stream=True, seed=1700000000, logit_bias={})) == []
    assert scan({}) == []


def test_findings_come_in_reading_order_with_their_bounds() -> None:
    body = request(
        messages=[
            {"role": "user", "content": f"{EMAIL} or 555-123-4567"},
            {"role": "user", "content": [part(f"{EMAIL}"), part("123-45-6789")]},
        ],
        user=EMAIL,
    )
    assert [(f.kind, f.place, f.offset, f.length) for f in scan(body)] == [
        ("email", "messages.0.content", 0, 16),
        ("phone", "messages.0.content", 20, 12),
        ("email", "messages.1.content.0.text", 0, 16),
        ("us_ssn", "messages.1.content.1.text", 0, 11),
        ("email", "user", 0, 16),
    ]


@pytest.mark.parametrize(
    ("parts", "place", "offset", "length"),
    [
        (["mail user@exam", "ple.com now"], "0", 5, 16),
        (["card 4111 1111 ", "1111 1111"], "0", 5, 19),
        (["card 4111 ", "1111 ", "1111 ", "1111"], "0", 5, 19),
        (["call 555", "1234567"], "0", 5, 10),
        (["my phone is ", "5551234567"], "1", 0, 10),
        (["user", "\u200b@example.com"], "0", 0, 17),
        ([r"user\u00", "40example.com"], "0", 0, 21),
    ],
)
def test_a_value_may_run_over_adjacent_text_parts(
    parts: list[str], place: str, offset: int, length: int
) -> None:
    (finding,) = scan(message(content=[part(text) for text in parts]))
    assert finding.place == f"messages.1.content.{place}.text"
    assert (finding.offset, finding.length) == (offset, length)


def test_a_value_does_not_run_over_anything_else() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert places(message(content=[part("user@exam"), image, part("ple.com")])) == []
    assert places(request(stop=["user@exam", "ple.com"])) == []
    assert (
        places(request(metadata={"a": "user@exam", "b": "ple.com", "user": "@example.com"})) == []
    )


def test_the_end_of_a_part_does_not_grow_into_the_next_value() -> None:
    body = message(content=[part("Contact"), part(f"{EMAIL}, sk-"), part("ant-" + "a1B2" * 8)])
    assert [(f.place[-6:], f.offset, f.length) for f in scan(body)] == [
        ("1.text", 0, 16),
        ("1.text", 18, 39),
    ]


def test_adjacent_parts_report_what_is_in_one_of_them_once() -> None:
    body = message(content=[part(f"{EMAIL} "), part(f" {EMAIL}"), part("end")])
    assert places(body) == ["messages.1.content.0.text", "messages.1.content.1.text"]


@pytest.mark.parametrize(
    ("arguments", "offset", "length"),
    [
        (r'{"to":"user\u0040example.com"}', 7, 21),
        (r'{"to":"\nuser@example.com"}', 9, 16),
        (r'{"to":"\u0075ser@example.com\n"}', 7, 21),
        (r'{"body":"{\"to\":\"user\\u0040example.com\"}"}', 19, 22),
        (r'{"to":"user\u0040example.com', 7, 21),  # cut short: no JSON, but no less a leak
        (r'{"url":"postgres:\/\/app:hunter2@db\/app"}', 25, 7),
        ('{"to":"user@example.com"}', 7, 16),
        ('{"card":4111111111111111}', 8, 16),
    ],
)
def test_json_in_a_string_is_read_with_its_escapes(
    arguments: str, offset: int, length: int
) -> None:
    (finding,) = scan(message(tool_calls=[{"function": {"arguments": arguments}}]))
    assert finding.place == "messages.1.tool_calls.0.function.arguments"
    assert (finding.offset, finding.length) == (offset, length)


def test_the_name_of_a_member_is_looked_at_and_never_shown() -> None:
    body = request(metadata={"ok": 1, EMAIL: "555-123-4567", "id_4111111111111111": EMAIL})
    assert [(finding.kind, finding.place) for finding in scan(body)] == [
        ("email", "metadata.#1.#key"),
        ("phone", "metadata.#1"),
        ("email", "metadata.#2"),
    ]
    assert scan(body)[0].offset == 0


def test_members_with_odd_names_are_counted() -> None:
    body = {"a.b": {"#0": {"": {"x" * 41: {"name-1": EMAIL}}}}}
    assert places(body) == ["#0.#0.#0.#0.name-1"]


def test_an_inline_image_is_not_read_and_everything_else_is() -> None:
    pixels = "AKIAY34FZKBOKMUTVV7B+4111111111111111/" * 3
    url = f"data:image/png;base64,{pixels}"
    assert places(message(content=[{"type": "image_url", "image_url": {"url": url}}])) == []
    for body in (
        message(content=url),
        message(content=[part(url)]),
        message(content=[{"image_url": {"url": f"{url} {EMAIL}"}}]),
        message(content=[{"image_url": {"url": f"data:image/png,{EMAIL}"}}]),
        message(content=[{"image_url": {"url": f"https://example.com/?{EMAIL}"}}]),
        message(content=[{"file": {"url": f"data:text/plain;base64,{pixels}"}}]),
    ):
        assert places(body), body


def test_depth_is_no_matter() -> None:
    body: dict[str, Any] = {"a": EMAIL}
    for _ in range(5000):
        body = {"a": [body]}
    (finding,) = scan(body)
    assert finding.place.endswith(".a.0.a")


def test_a_finding_never_shows_what_was_found() -> None:
    for row in DETECTORS:
        for value in row.matches:
            body = request(metadata={value: value, "note": [value, {value: {"x": value}}]})
            findings = scan(body)
            assert findings
            shown = repr(findings) + json.dumps([str(finding) for finding in findings])
            assert value not in shown
            assert set(Finding._fields) == {
                "kind",
                "family",
                "place",
                "offset",
                "length",
                "detector",
            }


@given(bodies)
def test_any_json_can_be_scanned(body: dict[str, Any]) -> None:
    before = repr(body)
    for finding in scan(body):
        assert finding.length > 0
        assert finding.offset >= 0
    assert repr(body) == before


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"type": "base64", "media_type": "image/png", "data": f"A+{CARD}/A"}, False),
        ({"type": "base64", "media_type": "image/png", "data": str(CARD)}, False),
        ({"type": "base64", "media_type": "text/plain", "data": f"{CARD} there"}, True),
        ({"type": "text", "media_type": "text/plain", "data": str(CARD)}, True),
        ({"type": "base64", "data": str(CARD)}, True),
        ({"type": "base64", "media_type": str(CARD), "data": ""}, True),
    ],
)
def test_a_picture_in_base64_is_no_text(source: dict[str, str], found: bool) -> None:
    body = {"messages": [{"content": [{"type": "image", "source": source}]}]}
    assert bool(scan(body)) is found
