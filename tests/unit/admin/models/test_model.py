"""How faults are told: all at once, each in one sentence, and never what was sent."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field, Strict

from controlplane.admin.faults import MAX_FAULTS_SHOWN, InvalidDocument
from controlplane.admin.models.fields import Name
from controlplane.admin.models.model import QueryParameters, RequestBody, read, told

SECRET = "sk-cp-xyzzy"


class Part(RequestBody):
    """A part."""

    name: Name
    size: Annotated[int, Strict(), told("must be a number")] = 1


class Whole(RequestBody):
    """A document with parts."""

    parts: Annotated[
        list[Annotated[Part, told("must be a part")]],
        Field(min_length=1),
        told("must be an array of parts"),
    ]
    since: str | None = Field(default=None, alias="from")
    plain: int = 0


class Query(QueryParameters):
    """A query."""

    limit: int = 1


def faults(model: Any, document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDocument) as caught:
        read(model, document)
    assert SECRET not in str(caught.value.envelope())
    return list(caught.value.faults)


def test_all_faults_are_told_each_at_its_place() -> None:
    parts = [{"name": SECRET + " ", "weight": SECRET}, SECRET, {"size": SECRET}]
    assert faults(Whole, {"parts": parts, "x": SECRET, "plain": SECRET, "from": [SECRET]}) == [
        (
            "parts.0.name",
            "must be a string of 1 to 256 printable characters, no space at either end",
        ),
        ("parts.0.weight", "is not a known field (known: name, size)"),
        ("parts.1", "must be a part"),
        ("parts.2.name", "is missing"),
        ("parts.2.size", "must be a number"),
        ("from", "is not valid"),
        ("plain", "is not valid"),
        ("x", "is not a known field (known: parts, from, plain)"),
    ]


@pytest.mark.parametrize("parts", [[], {}, None, SECRET])
def test_the_fault_of_a_whole_field(parts: Any) -> None:
    assert faults(Whole, {"parts": parts}) == [("parts", "must be an array of parts")]


def test_a_query_has_parameters() -> None:
    assert faults(Query, {"page": "1"}) == [("page", "is not a known parameter (known: limit)")]


def test_a_name_that_was_sent_is_repeated_in_part_if_at_all() -> None:
    ((field, _),) = faults(Query, {"x" * 5000: 1})
    assert field == "x" * 64
    assert faults(Query, {"a\x1b[2J": 1})[0][0] == "?"


def test_the_envelope_of_one_fault_and_of_several() -> None:
    with pytest.raises(InvalidDocument) as one:
        read(Query, {"a": 1})
    assert set(one.value.envelope()["error"]) == {"message", "type", "param", "code"}
    with pytest.raises(InvalidDocument) as many:
        read(Query, {f"x{n}": n for n in range(1_000)})
    error = many.value.envelope()["error"]
    assert error["message"].startswith("The request has 1000 faults. The first: 'x0' is not a ")
    assert error["param"] == "x0"
    assert len(error["errors"]) == MAX_FAULTS_SHOWN
    assert error["errors"][1] == {
        "field": "x1",
        "message": "is not a known parameter (known: limit)",
    }
