"""What a policy allows at all."""

from __future__ import annotations

import pytest
from tests.unit.gateway.parts import CALLER, policy

from controlplane.domain.access import Caller, Role
from controlplane.domain.policy import EffectivePolicy, Level, PolicyDocument
from controlplane.errors import InvalidRequest, PermissionDenied
from controlplane.gateway.authorize import authorize
from controlplane.gateway.record import Trail
from controlplane.policy.effective import effective_policy
from controlplane.policy.output_tokens import DEFAULT_MAX_OUTPUT_TOKENS, bound_output
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.embeddings.request import EmbeddingRequest

CAPS = [{"usd": "5", "period": "day"}]


def trail(role: Role = Role.SERVICE, application_id: str | None = "app-1") -> Trail:
    return Trail("req_1", Caller("org-1", role, application_id, key_id="k1"))


MODELS = ["gpt-4o"]


def holding(*documents: PolicyDocument) -> EffectivePolicy:
    return effective_policy(CALLER, documents)


def at(level: Level, subject_id: str, **document: object) -> EffectivePolicy:
    return holding(PolicyDocument(level, subject_id, 1, document))


def chat(**more: object) -> ChatRequest:
    return ChatRequest({"model": "gpt-4o", "messages": [], **more})


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DEVELOPER, Role.SERVICE])
def test_these_roles_may_call_models(role: Role) -> None:
    noted = trail(role)
    authorize(chat(), holding(), noted)
    assert noted.shadow == ()


def test_a_viewer_may_not() -> None:
    with pytest.raises(PermissionDenied, match="viewer"):
        authorize(chat(), holding(), trail(Role.VIEWER))


def test_without_an_application_there_are_no_limits_to_hold_to() -> None:
    with pytest.raises(PermissionDenied, match="no application"):
        authorize(chat(), holding(), trail(application_id=None))


def test_models_parameters_and_length_are_refused_by_name() -> None:
    narrow = holding(
        *policy(
            models={"allow": ["gpt-4o-mini"]}, parameters={"deny": ["tools"]}, max_output_tokens=10
        )
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


@pytest.mark.parametrize(
    ("level", "subject_id", "noun"),
    [
        (Level.ORGANIZATION, "org-1", "organisation"),
        (Level.APPLICATION, "app-1", "application"),
        (Level.API_KEY, "k1", "API key"),
    ],
)
@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"models": {"allow": ["gpt-4o-mini"]}}, "does not allow the model 'gpt-4o'."),
        ({"parameters": {"allow": ["n"]}}, "does not allow the parameter 'max_tokens'."),
        ({"max_output_tokens": 10}, "allows at most 10 for 'max_tokens'."),
    ],
)
def test_a_refusal_says_which_level_forbids_it(
    level: Level, subject_id: str, noun: str, document: dict[str, object], what: str
) -> None:
    with pytest.raises((PermissionDenied, InvalidRequest)) as refused:
        authorize(chat(max_tokens=11), at(level, subject_id, **document), trail())
    assert refused.value.message == f"The policy of the {noun} {what}"


def test_the_level_that_forbids_is_not_the_one_that_allows() -> None:
    both = holding(
        PolicyDocument(Level.ORGANIZATION, "org-1", 1, {"models": {"allow": ["gpt-*"]}}),
        PolicyDocument(Level.API_KEY, "k1", 1, {"models": {"allow": ["claude-*"]}}),
    )
    with pytest.raises(PermissionDenied, match="policy of the API key does not allow the model"):
        authorize(chat(), both, trail())


def test_a_policy_on_trial_refuses_nothing_and_is_noted() -> None:
    on_trial = holding(
        *policy(
            mode="shadow",
            models={"allow": ["claude-*"]},
            parameters={"deny": ["tools"]},
            max_output_tokens=10,
        )
    )
    noted = trail()
    authorize(chat(tools=[], max_tokens=11), on_trial, noted)
    assert noted.shadow == ("models", "parameters", "max_output_tokens")
    silent = trail()
    authorize(chat(), holding(*policy(mode="shadow")), silent)
    assert silent.shadow == ()


def test_the_policys_length_is_sent_where_the_caller_set_none() -> None:
    bounded = bound_output(chat(), holding(*policy(max_output_tokens=10)), MODELS)
    assert bounded.body["max_completion_tokens"] == 10
    asked = bound_output(chat(max_tokens=4), holding(*policy(max_output_tokens=10)), MODELS)
    assert asked == chat(max_tokens=4)


def test_a_cap_makes_every_answer_bounded() -> None:
    bounded = bound_output(chat(), holding(*policy(cost_caps=CAPS)), MODELS)
    assert bounded.body["max_completion_tokens"] == DEFAULT_MAX_OUTPUT_TOKENS
    on_trial = holding(*policy(mode="shadow", cost_caps=CAPS))
    assert bound_output(chat(), on_trial, MODELS) == chat()


@pytest.mark.parametrize(
    ("models", "tokens"),
    [
        (["gpt-5.5"], 128_000),
        (["azure/o3-mini"], 100_000),
        (["gpt-5.5", "o3"], 100_000),
        (["gpt-5.5", "gpt-4o"], DEFAULT_MAX_OUTPUT_TOKENS),
        (["gpt-4o"], DEFAULT_MAX_OUTPUT_TOKENS),
        ([], DEFAULT_MAX_OUTPUT_TOKENS),
    ],
)
def test_a_model_that_thinks_first_is_bounded_by_what_it_can(
    models: list[str], tokens: int
) -> None:
    bounded = bound_output(chat(), holding(*policy(cost_caps=CAPS)), models)
    assert bounded.body["max_completion_tokens"] == tokens


def test_embeddings_have_no_length_to_bound() -> None:
    request = EmbeddingRequest({"model": "e", "input": "text"})
    bounded = holding(*policy(max_output_tokens=1, cost_caps=CAPS))
    assert bound_output(request, bounded, MODELS) == request
