"""What an administrator may write for an alias, and which field a refusal names."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.model import read
from controlplane.admin.models.routes import RouteDocument
from controlplane.admin.routes import route_of
from controlplane.domain.routing import Condition, Route, Strategy, Target, Timeouts, Unsupported
from controlplane.errors import InvalidRequest

PROVIDERS = ("openai", "azure", "vllm")
TARGET = {"provider": "openai", "model": "gpt-4o"}
PLAIN = {"strategy": "priority", "targets": [TARGET]}


def parse(document: dict[str, Any], alias: str = "a") -> Route:
    return route_of(alias, read(RouteDocument, document), PROVIDERS)


def test_a_plain_route() -> None:
    assert parse(PLAIN) == Route("a", (Target("openai", "gpt-4o"),))


def test_a_full_route() -> None:
    document = {
        "alias": "a",
        "strategy": "weighted",
        "targets": [{**TARGET, "weight": 9}, {"provider": "vllm", "model": "llama/3"}],
        "timeouts": {"connect_s": 1, "total_s": 60.5},
        "fail_over_on": ["context_window"],
        "unsupported": "ignore",
    }
    assert parse(document) == Route(
        "a",
        (Target("openai", "gpt-4o", 9), Target("vllm", "llama/3")),
        Strategy.WEIGHTED,
        Timeouts(connect_s=1.0, total_s=60.5),
        frozenset({Condition.CONTEXT_WINDOW}),
        Unsupported.IGNORE,
    )


def test_what_is_read_can_be_written_back() -> None:
    route = parse({**PLAIN, "timeouts": {"idle_s": 3}})
    assert parse(orjson.loads(orjson.dumps(route.to_dict()))) == route


def test_the_same_name_under_a_glob() -> None:
    any_name = {"strategy": "priority", "targets": [{"provider": "openai", "model": "*"}]}
    assert parse(any_name, "gpt-*").targets == (Target("openai", "*"),)


@pytest.mark.parametrize("alias", ["a", "meta-llama/Llama-3", "x" * 256, "Größe 😀", "o[1m]?", "*"])
def test_aliases(alias: str) -> None:
    assert parse(PLAIN, alias).alias == alias


@pytest.mark.parametrize("alias", ["", "x" * 257, "a\x00", "a\nb", "a\x7f", " a", "a ", "a\u202eb"])
def test_refused_aliases(alias: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(PLAIN, alias)
    assert caught.value.param == "alias"


def target(**changes: Any) -> dict[str, Any]:
    return {"targets": [{**TARGET, **changes}]}


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"alias": "b"}, "alias"),
        ({"strategy": "random"}, "strategy"),
        ({"strategy": None}, "strategy"),
        ({"unsupported": "drop"}, "unsupported"),
        ({"unsupported": None}, "unsupported"),
        ({"timeouts": {"total_s": float("nan")}}, "timeouts.total_s"),
        ({"strategy": []}, "strategy"),
        ({"retries": 3}, "retries"),
        ({"targets": None}, "targets"),
        ({"targets": []}, "targets"),
        ({"targets": {}}, "targets"),
        ({"targets": [{"provider": "openai", "model": str(n)} for n in range(9)]}, "targets"),
        ({"targets": ["openai"]}, "targets.0"),
        ({"targets": [TARGET, {**TARGET, "weight": 2}]}, "targets.1"),
        (target(provider="nobody"), "targets.0.provider"),
        (target(provider=None), "targets.0.provider"),
        (target(provider=["openai"]), "targets.0.provider"),
        (target(model=""), "targets.0.model"),
        (target(model=7), "targets.0.model"),
        (target(model="a\nb"), "targets.0.model"),
        (target(model="*"), "targets.0.model"),
        (target(model="gpt-*"), "targets.0.model"),
        (target(weight=0), "targets.0.weight"),
        (target(weight=-1), "targets.0.weight"),
        (target(weight=1.5), "targets.0.weight"),
        (target(weight=True), "targets.0.weight"),
        (target(weight=None), "targets.0.weight"),
        (target(weight=10**9), "targets.0.weight"),
        (target(key="x"), "targets.0.key"),
        ({"timeouts": 5}, "timeouts"),
        ({"timeouts": {"total": 5}}, "timeouts.total"),
        ({"timeouts": {"total_s": 0}}, "timeouts.total_s"),
        ({"timeouts": {"total_s": -1}}, "timeouts.total_s"),
        ({"timeouts": {"total_s": 901}}, "timeouts.total_s"),
        ({"timeouts": {"idle_s": "5"}}, "timeouts.idle_s"),
        ({"timeouts": {"idle_s": True}}, "timeouts.idle_s"),
        ({"timeouts": {"idle_s": None}}, "timeouts.idle_s"),
        ({"fail_over_on": "context_window"}, "fail_over_on"),
        ({"fail_over_on": ["context_window", "bad_luck"]}, "fail_over_on.1"),
        ({"fail_over_on": [{}]}, "fail_over_on.0"),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_field(
    changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({**PLAIN, **changes})
    assert caught.value.param == param
    assert param in caught.value.message
    assert caught.value.message.endswith(".")


def test_a_partial_pattern_is_refused_under_a_glob_too() -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse({**PLAIN, **target(model="gpt-*")}, "gpt-*")
    assert caught.value.param == "targets.0.model"


def test_the_first_target_goes_first_unless_said() -> None:
    assert parse({"targets": [TARGET]}).strategy is Strategy.PRIORITY


def test_all_faults_are_told_at_once() -> None:
    targets = [{**TARGET, "weight": 0}, {"provider": "openai"}]
    with pytest.raises(InvalidDocument) as within:
        parse({"strategy": "random", "targets": targets})
    assert [field for field, _ in within.value.faults] == [
        "strategy",
        "targets.0.weight",
        "targets.1.model",
    ]
    with pytest.raises(InvalidDocument) as beside:
        parse({"alias": "b", "targets": [{"provider": "x", "model": "*"}]}, "a ")
    assert [field for field, _ in beside.value.faults] == [
        "alias",
        "alias",
        "targets.0.provider",
        "targets.0.model",
    ]


def test_the_longest_timeouts() -> None:
    longest = {"connect_s": 30, "first_byte_s": 300, "idle_s": 300, "total_s": 900}
    assert parse({**PLAIN, "timeouts": longest}).timeouts == Timeouts(**longest)
