"""The headers that go with every answer of a model."""

from __future__ import annotations

from controlplane.domain.usage import usd
from controlplane.gateway.call import Answer
from controlplane.gateway.limit_answers import limit_headers

# Of a target and the parameter behind it, which a caller may make as long as a body.
MAX_TARGET_LENGTH = 300


def answer_headers(answer: Answer) -> dict[str, str]:
    """Limits, and who answered after how many attempts at what cost."""
    trail = answer.trail
    headers = {
        **limit_headers(answer.limits),
        "x-llm-cp-provider": _printable(trail.provider or ""),
        "x-llm-cp-model": _printable(trail.model_served or ""),
        "x-llm-cp-attempts": str(len(trail.attempts)),
        "x-llm-cp-overhead-ms": f"{trail.overhead_ms:.1f}",
    }
    if trail.cost_microusd is not None:
        headers["x-llm-cp-cost-usd"] = usd(trail.cost_microusd)
    if trail.fitted_output is not None:
        headers["x-llm-cp-max-output-tokens"] = str(trail.fitted_output)
    if trail.replayed:
        headers["x-llm-cp-replayed"] = "true"
    if trail.ignored_params:
        headers["x-llm-cp-ignored-params"] = ",".join(map(_printable, trail.ignored_params))
    if trail.passed_over:
        shown = (_printable(target)[:MAX_TARGET_LENGTH] for target in trail.passed_over)
        headers["x-llm-cp-passed-over"] = ", ".join(shown)
    return headers


def _printable(value: str) -> str:
    """A name as a header value: whatever a provider sends, it starts no header of its own."""
    return "".join(char if " " <= char <= "~" else "?" for char in value)
