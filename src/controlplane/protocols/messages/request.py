"""A request for a Message. It keeps every key it came with.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from controlplane.domain.inference import InferenceRequest, ProtocolName


@dataclass(frozen=True, slots=True)
class MessagesRequest(InferenceRequest):
    """A request for a Message."""

    protocol: ClassVar[ProtocolName] = ProtocolName.MESSAGES
    output_limits: ClassVar[tuple[str, ...]] = ("max_tokens",)
