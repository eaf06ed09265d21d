"""What may be done with a stored response.

https://platform.openai.com/docs/api-reference/responses/get
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from controlplane.domain.inference import ProtocolName
from controlplane.domain.stored_answers import StoredRequest


class StoredAction(Enum):
    """Its name in the audit trail, and how the provider is asked."""

    RETRIEVE = ("responses.retrieve", "GET", "")
    DELETE = ("responses.delete", "DELETE", "")
    CANCEL = ("responses.cancel", "POST", "/cancel")
    INPUT_ITEMS = ("responses.input_items", "GET", "/input_items")


@dataclass(frozen=True, slots=True)
class StoredResponseRequest(StoredRequest):
    """See `StoredRequest`."""

    protocol: ClassVar[ProtocolName] = ProtocolName.RESPONSES


def stored_request(
    action: StoredAction, response_id: str, query: str = "", *, stream: bool = False
) -> StoredResponseRequest:
    """`action` on a response; `query` goes on as it came."""
    operation, method, suffix = action.value
    return StoredResponseRequest(
        {"model": "", "stream": stream},
        id=response_id,
        operation=operation,
        method=method,
        suffix=suffix,
        query=query,
    )
