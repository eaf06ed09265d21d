"""What a policy allows at all."""

from __future__ import annotations

import pytest

from controlplane.domain.access import Caller, EffectivePolicy, ParameterPolicy, Role
from controlplane.domain.chat import ChatRequest
from controlplane.domain.embeddings import EmbeddingRequest
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.errors import InvalidRequest, PermissionDenied
from controlplane.gateway.authorize import DEFAULT_MAX_OUTPUT_TOKENS, authorize
from controlplane.gateway.record import Trail

CAP = Limit(Measure.COST, "app-1", 5_000_000, Period.DAY)


def trail(role: Role = Role.SERVICE, application_id: str | None = "app-1") -> Trail:
    return Trail("req_1", Caller("org-1", role, application_id, key_id="k1"))


def policy(**parts: object) -> EffectivePolicy:
    return EffectivePolicy("v", **parts)  # type: ignore[arg-type]


def chat(**more: object) -> ChatRequest:
    return ChatRequest({"model": "gpt-4o", "messages": [], **more})


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DEVELOPER, Role.SERVICE])
def test_these_roles_may_call_models(role: Role) -> None:
    assert authorize(chat(), policy(), trail(role)) == chat()


def test_a_viewer_may_not() -> None:
    with pytest.raises(PermissionDenied, match="viewer"):
        authorize(chat(), policy(), trail(Role.VIEWER))


def test_without_an_application_there_are_no_limits_to_hold_to() -> None:
    with pytest.raises(PermissionDenied, match="no application"):
        authorize(chat(), policy(), trail(application_id=None))


def test_models_parameters_and_length_are_refused_by_name() -> None:
    narrow = policy(
        model_allow=(("gpt-4o-mini",),),
        parameters=ParameterPolicy(deny=frozenset({"tools"})),
        max_output_tokens=10,
    )
    mini = {"model": "gpt-4o-mini"}
    with pytest.raises(PermissionDenied) as model:
        authorize(chat(), narrow, trail())
    with pytest.raises(PermissionDenied) as parameter:
        authorize(chat(**mini, tools=[]), narrow, trail())
    with pytest.raises(InvalidRequest) as length:
        authorize(chat(**mini, max_tokens=11), narrow, trail())
    params = [error.value.param for error in (model, parameter, length)]
    assert params == ["model", "tools", "max_tokens"]


def test_a_policy_on_trial_refuses_nothing_and_is_noted() -> None:
    on_trial = policy(
        shadow=policy(
            model_allow=(("claude-*",),),
            parameters=ParameterPolicy(deny=frozenset({"tools"})),
            max_output_tokens=10,
        )
    )
    noted = trail()
    assert authorize(chat(tools=[], max_tokens=11), on_trial, noted)
    assert noted.shadow == ("models", "parameters", "max_output_tokens")
    silent = trail()
    authorize(chat(), policy(shadow=policy()), silent)
    assert silent.shadow == ()


def test_the_policys_length_is_sent_where_the_caller_set_none() -> None:
    bounded = authorize(chat(), policy(max_output_tokens=10), trail())
    assert bounded.body["max_completion_tokens"] == 10
    asked = authorize(chat(max_tokens=4), policy(max_output_tokens=10), trail())
    assert asked == chat(max_tokens=4)


def test_a_cap_makes_every_answer_bounded() -> None:
    bounded = authorize(chat(), policy(limits=(CAP,)), trail())
    assert bounded.body["max_completion_tokens"] == DEFAULT_MAX_OUTPUT_TOKENS
    shadow = Limit(Measure.COST, "app-1", 1, Period.DAY, shadow=True)
    assert authorize(chat(), policy(limits=(shadow,)), trail()) == chat()


def test_embeddings_have_no_length_to_bound() -> None:
    request = EmbeddingRequest({"model": "e", "input": "text"})
    assert authorize(request, policy(max_output_tokens=1, limits=(CAP,)), trail()) == request
