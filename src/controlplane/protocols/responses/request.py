"""A request for a Response. It keeps every key it came with.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from controlplane.domain.inference import InferenceRequest, ProtocolName


@dataclass(frozen=True, slots=True)
class ResponsesRequest(InferenceRequest):
    """A request for a Response."""

    protocol: ClassVar[ProtocolName] = ProtocolName.RESPONSES
    output_limits: ClassVar[tuple[str, ...]] = ("max_output_tokens",)
