"""`parameters`: what a request may set."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.policy import Level
from controlplane.policy.parameters import ALWAYS_ALLOWED, Parameters, refused_parameter
from controlplane.policy.rule import LevelValue

BODY: dict[str, Any] = {"model": "m", "messages": [], "stream": True, "temperature": 1, "n": 2}
ORGANISATION, APPLICATION = Level.ORGANIZATION, Level.APPLICATION


def allow(level: Level, *names: str) -> LevelValue[Parameters]:
    return LevelValue(level, "scope", Parameters(allow=frozenset(names)))


def deny(level: Level, *names: str) -> LevelValue[Parameters]:
    return LevelValue(level, "scope", Parameters(deny=frozenset(names)))


@pytest.mark.parametrize(
    ("levels", "refused"),
    [
        ([], None),
        ([deny(ORGANISATION, "n")], ("n", ORGANISATION)),
        ([deny(ORGANISATION, "tools")], None),
        ([allow(APPLICATION, "n", "temperature")], None),
        ([allow(APPLICATION, "n")], ("temperature", APPLICATION)),
        (
            [allow(ORGANISATION, "n", "temperature"), allow(APPLICATION, "n")],
            ("temperature", APPLICATION),
        ),
        (
            [allow(ORGANISATION, "n", "temperature"), deny(APPLICATION, "n")],
            ("n", APPLICATION),
        ),
        ([allow(APPLICATION)], ("temperature", APPLICATION)),
    ],
)
def test_every_level_has_to_agree(
    levels: list[LevelValue[Parameters]], refused: tuple[str, Level] | None
) -> None:
    assert refused_parameter(BODY, tuple(levels)) == refused


def test_without_some_fields_there_is_no_request() -> None:
    nothing = (allow(ORGANISATION),)
    assert refused_parameter(dict.fromkeys(ALWAYS_ALLOWED, "x"), nothing) is None


def test_a_protocol_may_need_more() -> None:
    nothing = (allow(ORGANISATION),)
    body = {"max_tokens": 1, "n": 2}
    assert refused_parameter(body, nothing) == ("max_tokens", ORGANISATION)
    assert refused_parameter(body, nothing, {"max_tokens"}) == ("n", ORGANISATION)


def test_null_sets_nothing() -> None:
    assert refused_parameter({"tools": None}, (allow(ORGANISATION),)) is None
