"""The credential is found where each client puts it."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from controlplane.api.credentials import authorization
from controlplane.errors import Unauthenticated


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Authorization": "Bearer k"}, "Bearer k"),
        ({"Authorization": "Basic k"}, "Basic k"),
        ({"x-api-key": "k"}, "Bearer k"),
        ({"API-KEY": "k"}, "Bearer k"),
        ({"x-api-key": "k", "Authorization": "bearer  k"}, "Bearer k"),
        ({"x-api-key": "k", "api-key": "k", "Authorization": "Bearer k"}, "Bearer k"),
        ({"x-api-key": "", "Authorization": "Bearer k"}, "Bearer k"),
        ({"x-api-key": "k", "Authorization": ""}, "Bearer k"),
    ],
)
def test_it_is_found(headers: dict[str, str], expected: str | None) -> None:
    assert authorization(Headers(headers)) == expected


@pytest.mark.parametrize("second", [b"Bearer one", b"Bearer two", b""])
def test_a_second_authorization_is_refused_whatever_it_says(second: bytes) -> None:
    raw = [(b"authorization", b"Bearer one"), (b"authorization", second)]
    with pytest.raises(Unauthenticated) as raised:
        authorization(Headers(raw=raw))
    assert raised.value.message.startswith("There are several 'Authorization' headers. ")


def test_a_second_key_that_differs_is_refused_and_the_same_one_is_not() -> None:
    same = [(b"x-api-key", b"one"), (b"x-api-key", b"one")]
    assert authorization(Headers(raw=same)) == "Bearer one"
    with pytest.raises(Unauthenticated):
        authorization(Headers(raw=[*same, (b"x-api-key", b"two")]))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "hunter2", "api-key": "other"},
        {"x-api-key": "hunter2", "Authorization": "Bearer other"},
        {"api-key": "hunter2", "Authorization": "Basic hunter2"},
    ],
)
def test_two_that_differ_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated) as raised:
        authorization(Headers(headers))
    assert raised.value.message == (
        "Several headers hold keys that differ. Send it as 'Authorization: Bearer <key>'."
    )
    assert "hunter2" not in raised.value.reason
