"""Whatever the documents say: more documents never allow more, and their order is nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.access import Caller, Role
from controlplane.domain.limits import Limit, Measure
from controlplane.domain.policy import EffectivePolicy, Level, PolicyDocument, scope
from controlplane.policy.document import parse_policy
from controlplane.policy.effective import effective_policy
from controlplane.policy.models import is_allowed
from controlplane.policy.output_tokens import MAX_OUTPUT_TOKENS
from controlplane.policy.parameters import PARAMETERS, refused_parameter
from controlplane.policy.redis_down import WHEN_REDIS_IS_DOWN, WhenDown
from controlplane.policy.screening import SCREENING, Action
from controlplane.policy.stored_payloads import STORE_PAYLOADS

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
SUBJECTS = {Level.ORGANIZATION: "org-1", Level.APPLICATION: "app-1", Level.API_KEY: "k1"}
MODEL_NAMES = ["gpt-4o", "gpt-4o-mini", "claude-opus", "o4"]
PARAMETER_NAMES = ["temperature", "tools", "n"]
KINDS = [("email", "pii"), ("phone", "pii"), ("secret", "secrets")]

SMALL = st.integers(0, 5)
WINDOW = st.sampled_from([1, 60])
GLOBS = st.lists(st.sampled_from(["gpt-*", "*-mini", "claude-*", "*"]), min_size=1, max_size=2)
NAMES = st.lists(st.sampled_from(PARAMETER_NAMES), min_size=1)
ACTIONS = st.sampled_from([action.value for action in Action])
DOWN = st.sampled_from([way.value for way in WhenDown])
SELECTED = st.sampled_from(
    [{}, {}, {"models": ["gpt-*", "o4"]}, {"models": ["o4", "gpt-*"]}, {"per": "session"}]
)
CAP = st.builds(
    lambda cents, window, selected: {"usd": f"0.{cents:02d}", **window, **selected},
    SMALL,
    st.sampled_from(
        [
            {"period": "day"},
            {"period": "day", "time_zone": "Asia/Kolkata"},
            {"period": "month"},
            {"window_seconds": 60},
        ]
    ),
    SELECTED,
)


def counts(name: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Limits of that measure, some of which select requests."""
    plain = st.fixed_dictionaries({name: SMALL, **more})
    return st.lists(st.builds(lambda limit, also: {**limit, **also}, plain, SELECTED), max_size=3)


TRIED: dict[str, st.SearchStrategy[Any]] = {
    "models": st.fixed_dictionaries({"allow": GLOBS}),
    "rate_limits": counts("requests", window_seconds=WINDOW),
    "token_limits": counts("tokens", window_seconds=WINDOW),
    "cost_caps": st.lists(CAP, max_size=3),
    "concurrency": SMALL | counts("requests"),
    "max_output_tokens": st.integers(1, 5),
    "parameters": st.one_of(
        st.fixed_dictionaries({"allow": NAMES}), st.fixed_dictionaries({"deny": NAMES})
    ),
}
FOR_GOOD: dict[str, st.SearchStrategy[Any]] = {
    "screening": st.fixed_dictionaries(
        {},
        optional={
            "pii": ACTIONS,
            "secrets": ACTIONS,
            "overrides": st.dictionaries(st.sampled_from(["email", "phone", "secret"]), ACTIONS),
        },
    ),
    "when_redis_is_down": st.fixed_dictionaries({}, optional={"rate": DOWN, "cost": DOWN}),
    "store_payloads": st.booleans(),
    "stored_responses": st.booleans(),
}
ENFORCED = st.fixed_dictionaries({}, optional=TRIED | FOR_GOOD)
SHADOW = st.fixed_dictionaries({"mode": st.just("shadow")}, optional=TRIED)
LEVELS = st.sampled_from(list(SUBJECTS))


def documents(of: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[PolicyDocument]]:
    return st.dictionaries(LEVELS, of).map(
        lambda each: [
            PolicyDocument(level, SUBJECTS[level], 1, document) for level, document in each.items()
        ]
    )


def counter(limit: Limit) -> tuple[object, ...]:
    return limit.name, limit.shadow


def stated_limits(entry: PolicyDocument) -> list[Limit]:
    """What a document says, read without the code that merges."""
    read, name = parse_policy(entry.document), scope(entry.level, entry.subject_id)
    shadow = entry.document.get("mode") == "shadow"
    fields = {
        "rate_limits": Measure.REQUESTS,
        "token_limits": Measure.TOKENS,
        "cost_caps": Measure.COST,
        "concurrency": Measure.CONCURRENCY,
    }
    return [
        Limit(
            measure,
            name,
            each.capacity,
            each.window,
            shadow,
            models=each.models,
            per=each.per,
            time_zone=each.time_zone,
        )
        for field, measure in fields.items()
        for each in read.get(field, ())
    ]


def assert_no_wider(narrow: EffectivePolicy, wide: EffectivePolicy) -> None:
    """Whatever `narrow` lets pass, `wide` lets pass too."""
    held = {counter(limit): limit.capacity for limit in narrow.limits}
    for limit in wide.limits:
        assert held[counter(limit)] <= limit.capacity
    for model in MODEL_NAMES:
        assert is_allowed(model, wide) or not is_allowed(model, narrow)
    for name in PARAMETER_NAMES:
        body = {name: 1}
        refused = refused_parameter(body, PARAMETERS.of(wide))
        assert refused is None or refused_parameter(body, PARAMETERS.of(narrow)) is not None
    most, smaller = MAX_OUTPUT_TOKENS.of(wide), MAX_OUTPUT_TOKENS.of(narrow)
    assert most is None or (smaller is not None and smaller.value <= most.value)
    after, before = WHEN_REDIS_IS_DOWN.of(narrow), WHEN_REDIS_IS_DOWN.of(wide)
    for now_down, was_down in ((after.rate, before.rate), (after.cost, before.cost)):
        assert was_down is WhenDown.OPEN or now_down is WhenDown.CLOSED


@given(documents(ENFORCED | SHADOW), st.randoms(use_true_random=False))
def test_the_order_of_documents_is_nothing(entries: list[PolicyDocument], random: Any) -> None:
    shuffled = random.sample(entries, len(entries))
    assert effective_policy(CALLER, shuffled) == effective_policy(CALLER, entries)


@given(documents(ENFORCED | SHADOW))
def test_every_limit_of_every_level_is_there_or_a_smaller_one(
    entries: list[PolicyDocument],
) -> None:
    limits = effective_policy(CALLER, entries).limits
    held = {counter(limit): limit.capacity for limit in limits}
    assert len(held) == len(limits), "one limit for each counter"
    stated = [limit for entry in entries for limit in stated_limits(entry)]
    for limit in stated:
        assert held[counter(limit)] <= limit.capacity
    default = Limit(Measure.REQUESTS, "app-1", 100, 60)
    assert set(limits) <= {*stated, default}, "nothing is invented"


@given(documents(ENFORCED), ENFORCED)
def test_one_more_document_never_allows_more_than_the_others_state(
    entries: list[PolicyDocument], added: dict[str, Any]
) -> None:
    """The defaults (a rate, closed costs, blocking) give way to the first level that speaks."""
    others = [entry for entry in entries if entry.level is not Level.APPLICATION]
    speaking = [
        PolicyDocument(Level.USER, "u", 1, {"when_redis_is_down": {"cost": "open"}}),
        *others,
    ]
    caller = Caller("org-1", Role.SERVICE, key_id="k1", user_id="u")
    more = [*speaking, PolicyDocument(Level.APPLICATION, "app-1", 1, added)]
    with_app = Caller("org-1", Role.SERVICE, "app-1", "k1", "u")
    assert_no_wider(effective_policy(with_app, more), effective_policy(caller, speaking))


@given(documents(ENFORCED), ENFORCED)
def test_one_more_document_never_loosens_what_screening_states(
    entries: list[PolicyDocument], added: dict[str, Any]
) -> None:
    others = [entry for entry in entries if entry.level is not Level.API_KEY]
    more = [*others, PolicyDocument(Level.API_KEY, "k1", 1, added)]
    after = effective_policy(CALLER, more)
    for entry in more:
        says = entry.document.get("screening", {})
        for kind, family in KINDS:
            stated = says.get("overrides", {}).get(kind, says.get(family))
            if stated is not None:
                strictness = SCREENING.of(after).action(kind, family).strictness
                assert strictness >= Action(stated).strictness
    if any(entry.document.get("store_payloads") is False for entry in more):
        assert STORE_PAYLOADS.of(after) is False


@given(documents(ENFORCED | SHADOW), LEVELS)
def test_a_level_that_says_nothing_changes_nothing(
    entries: list[PolicyDocument], level: Level
) -> None:
    others = [entry for entry in entries if entry.level is not level]
    silent = [*others, PolicyDocument(level, SUBJECTS[level], 1, {})]
    with_it, without = effective_policy(CALLER, silent), effective_policy(CALLER, others)
    assert with_it.version != without.version
    assert _but_version(with_it) == _but_version(without)


@given(documents(ENFORCED), documents(SHADOW))
def test_shadow_documents_change_nothing_that_is_enforced(
    entries: list[PolicyDocument], tried: list[PolicyDocument]
) -> None:
    levels = {entry.level for entry in entries}
    beside = [entry for entry in tried if entry.level not in levels]
    policy = effective_policy(CALLER, [*entries, *beside])
    plain = effective_policy(CALLER, entries)
    enforced = tuple(limit for limit in policy.limits if not limit.shadow)
    assert enforced == plain.limits
    assert policy.merged == plain.merged
    assert (policy.shadow is None) == (not beside)


@given(documents(ENFORCED | SHADOW))
def test_documents_of_others_change_nothing(entries: list[PolicyDocument]) -> None:
    others = [
        PolicyDocument(entry.level, f"{entry.subject_id}-other", 1, entry.document)
        for entry in entries
    ]
    assert effective_policy(CALLER, [*entries, *others]) == effective_policy(CALLER, entries)


def _but_version(policy: EffectivePolicy) -> list[Any]:
    fields = [name for name in EffectivePolicy.__slots__ if name not in ("version", "shadow")]
    shadow = policy.shadow and [getattr(policy.shadow, name) for name in fields]
    return [*(getattr(policy, name) for name in fields), shadow]
