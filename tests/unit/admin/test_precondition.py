"""If-Match and If-None-Match (RFC 9110, section 13)."""

from __future__ import annotations

import pytest

from controlplane.admin.precondition import Precondition, etag
from controlplane.errors import PreconditionFailed

NAMES = ("if-match", "if-none-match")
TAG, OTHER = etag({"a": 1, "b": [2]}), etag({"a": 2})


def test_a_tag_goes_by_content() -> None:
    assert etag({"b": [2], "a": 1}) == TAG
    assert TAG != OTHER
    assert TAG.startswith('"')
    assert TAG.endswith('"')


@pytest.mark.parametrize(
    ("headers", "current"),
    [
        ({}, None),
        ({}, TAG),
        ({"if-match": TAG}, TAG),
        ({"if-match": f"{OTHER} , {TAG}"}, TAG),
        ({"if-match": "*"}, TAG),
        ({"if-none-match": "*"}, None),
        ({"if-none-match": OTHER}, TAG),
    ],
)
def test_holds(headers: dict[str, str], current: str | None) -> None:
    condition = Precondition.of(*map(headers.get, NAMES))
    assert condition.check(current) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("headers", "current", "param"),
    [
        ({"if-match": TAG}, OTHER, "If-Match"),
        ({"if-match": TAG}, None, "If-Match"),
        ({"if-match": "*"}, None, "If-Match"),
        ({"if-match": ""}, TAG, "If-Match"),
        ({"if-match": f"W/{TAG}"}, TAG, "If-Match"),
        ({"if-none-match": "*"}, TAG, "If-None-Match"),
        ({"if-none-match": TAG}, TAG, "If-None-Match"),
    ],
)
def test_fails(headers: dict[str, str], current: str | None, param: str) -> None:
    with pytest.raises(PreconditionFailed) as caught:
        Precondition.of(*map(headers.get, NAMES)).check(current)
    assert (caught.value.status, caught.value.param) == (412, param)


@pytest.mark.parametrize(
    ("header", "unchanged"), [(TAG, True), (f"W/{TAG}", True), ("*", True), (OTHER, False)]
)
def test_a_read_that_is_at_hand_already(header: str, unchanged: bool) -> None:
    assert Precondition.of(None, header).is_unchanged(TAG) is unchanged


def test_a_read_without_a_condition() -> None:
    assert not Precondition.of(None, None).is_unchanged(TAG)
