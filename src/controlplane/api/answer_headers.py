"""The headers of answers: what those of a model say, and what no header ever says."""

from __future__ import annotations

import re
from collections.abc import Iterable

from controlplane.domain.usage import usd
from controlplane.gateway.call import Answer
from controlplane.gateway.limit_answers import limit_headers

# Clients refuse an answer whose headers are larger than 8 to 16 KB.
MAX_VALUE_LENGTH = 256
_FIT = re.compile(rb"[ -~]{0,%d}" % MAX_VALUE_LENGTH)
_UNFIT = re.compile(r"[^ -~]")


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
        headers["x-llm-cp-ignored-params"] = _printable(",".join(trail.ignored_params))
    if trail.passed_over:
        headers["x-llm-cp-passed-over"] = _printable(", ".join(trail.passed_over))
    return headers


def fit_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of any response, as they leave: each value short and printable."""
    return [
        (name, value if _FIT.fullmatch(value) else _printable(value.decode("latin-1")).encode())
        for name, value in headers
    ]


def _printable(value: str) -> str:
    """A text as a header value: whatever a provider sends, it starts no header of its own."""
    return _UNFIT.sub("?", value[:MAX_VALUE_LENGTH])
