"""Screen: personal data and secrets are blocked, redacted or counted, as the policy says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from controlplane.domain.access import Action, ScreeningPolicy
from controlplane.domain.chat import ChatRequest
from controlplane.errors import SensitiveData
from controlplane.gateway.record import Trail
from controlplane.screening.redact import redact
from controlplane.screening.scan import Finding, scan


def screen(request: ChatRequest, policy: ScreeningPolicy, trail: Trail) -> ChatRequest:
    """The request as it may go on. Raises SensitiveData: where and what kind, never the value."""
    acted = [
        (finding, action)
        for finding in scan(request.body)
        if (action := policy.action(finding.kind, finding.family)) is not Action.OFF
    ]
    trail.screening = dict(Counter(finding.kind for finding, _ in acted))
    blocked = [finding for finding, action in acted if action is Action.BLOCK]
    redacted = [finding for finding, action in acted if action is Action.REDACT]
    screened = ChatRequest(redact(request.body, redacted)) if redacted else request
    # A value that must not be kept may stand in the very fields that the audit event shows.
    hidden = {finding.place for finding in blocked}
    trail.model_requested = None if "model" in hidden else screened.model
    trail.end_user = None if "user" in hidden else screened.end_user
    trail.stream = request.stream
    if blocked:
        raise _refusal(blocked)
    return screened


def _refusal(blocked: Sequence[Finding]) -> SensitiveData:
    first = blocked[0]
    kinds = ", ".join(sorted({finding.kind for finding in blocked}))
    others = f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""
    return SensitiveData(
        f"The request holds data that the policy keeps inside ({kinds}) at "
        f"'{first.place}'{others}. Remove it and send the request again.",
        param=first.place,
        code=SensitiveData.CODES[first.family],
    )
