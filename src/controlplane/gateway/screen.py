"""Screen: personal data and secrets are blocked, redacted or counted, as the policy says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from controlplane.domain.inference import InferenceRequest
from controlplane.errors import InvalidRequest, SensitiveData
from controlplane.gateway.aside import AT_ONCE_BYTES
from controlplane.gateway.record import Trail
from controlplane.policy.pattern_weight import is_weighed, program_size, weight
from controlplane.policy.screening import Action, CustomPattern, ScreeningPolicy
from controlplane.protocols.protocol import Protocol
from controlplane.screening.detector import Detector
from controlplane.screening.redact import Tokens, redact
from controlplane.screening.scan import Finding, scan
from controlplane.screening.scope import Scope, allowed_value, custom_detector

R = TypeVar("R", bound=InferenceRequest)

# The program of a custom pattern that may take as long as all detectors that are always there.
_SIZE_OF_DETECTORS = 64
# What a process does once for each pattern: up to 20 ms.
_SIZE_OF_WEIGHING = AT_ONCE_BYTES


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found under a policy, and what the policy says to each; findings that are off
    are left out."""

    acted: tuple[tuple[Finding, Action], ...]
    scope: Scope

    def of(self, *actions: Action) -> list[Finding]:
        """The findings that meet one of `actions`."""
        return [finding for finding, action in self.acted if action in actions]

    @property
    def action(self) -> str:
        """The strictest action of all; `allow` where nothing was found."""
        strictest = max(self.acted, key=lambda entry: entry[1].strictness, default=None)
        return strictest[1].value if strictest else "allow"


def screen(
    request: R, protocol: Protocol, policy: ScreeningPolicy, trail: Trail
) -> tuple[R, Tokens]:
    """The request as it may go on, and what its tokens stand for.

    Nothing is replaced where the protocol seals a place. Raises SensitiveData: where and what kind,
    never the value.
    """
    inspection = inspect(request.readable, policy)
    trail.screening = dict(Counter(finding.kind for finding, _ in inspection.acted))
    blocked = inspection.of(Action.BLOCK)
    redacted = [each for each in inspection.of(Action.REDACT) if not protocol.is_sealed(each.place)]
    tokens = Tokens()
    screened = request
    if redacted:
        read = request.body if request.unreadable else request.readable
        body = redact(read, redacted, tokens, inspection.scope, protocol.is_sealed)
        screened = request.with_redacted(body)
    # A value that must not be kept may stand in the very fields that the audit event shows.
    hidden = {finding.place for finding in blocked}
    trail.model_requested = None if "model" in hidden else screened.model
    trail.end_user = None if hidden.intersection(request.end_user_places) else screened.end_user
    trail.stream = request.stream
    if blocked:
        raise refusal(blocked, "request")
    if request.unreadable and _keeps_inside(policy):
        raise InvalidRequest(
            "'input' is tokens, which cannot be screened, and the policy keeps data inside. "
            "Send text.",
            param="input",
            code="input_not_screenable",
        )
    return screened, tokens


def _keeps_inside(policy: ScreeningPolicy) -> bool:
    """True where some finding would be blocked or redacted."""
    actions = (policy.pii, policy.secrets, *policy.overrides.values())
    return any(action in (Action.REDACT, Action.BLOCK) for action in actions)


def effort(policy: ScreeningPolicy, size: int) -> int:
    """How many bytes without custom patterns take as long as `size` bytes under `policy`, at
    most."""
    instructions = sum(program_size(each.pattern) for each in policy.custom)
    unweighed = sum(not is_weighed(each.pattern) for each in policy.custom)
    return size + size * instructions // _SIZE_OF_DETECTORS + unweighed * _SIZE_OF_WEIGHING


def inspect(body: Mapping[str, Any], policy: ScreeningPolicy) -> Inspection:
    """What `policy` makes of `body`, any JSON object."""
    scope = _scope(
        pii=policy.pii,
        secrets=policy.secrets,
        overrides=frozenset(policy.overrides.items()),
        custom=policy.custom,
        domains=policy.allow_domains,
        values=policy.allow_values,
    )
    acted = tuple(
        (finding, policy.action(finding.kind, finding.family)) for finding in scan(body, scope)
    )
    return Inspection(acted, scope)


@lru_cache(maxsize=256)
def _scope(
    *,
    pii: Action,
    secrets: Action,
    overrides: frozenset[tuple[str, Action]],
    custom: tuple[CustomPattern, ...],
    domains: frozenset[str],
    values: frozenset[str],
) -> Scope:
    actions = ScreeningPolicy(pii, secrets, dict(overrides))

    def wanted(detector: Detector) -> bool:
        return actions.action(detector.kind, detector.family) is not Action.OFF

    return Scope(
        custom=tuple(custom_detector(each.kind, each.pattern) for each in custom),
        domains=domains,
        values=frozenset(allowed_value(value) for value in values),
        wanted=wanted,
        weight=sum(weight(each.pattern) for each in custom),
    )


def refusal(blocked: Sequence[Finding], what: str) -> SensitiveData:
    """The error that says where and what kind; `what` is `request` or `answer`."""
    first = blocked[0]
    kinds = ", ".join(sorted({finding.kind for finding in blocked}))
    others = f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""
    remedy = " Remove it and send the request again." if what == "request" else ""
    return SensitiveData(
        f"The {what} holds data that the policy keeps inside ({kinds}) at "
        f"'{first.place}'{others}.{remedy}",
        param=first.place,
        code=SensitiveData.CODES[first.family],
    )
