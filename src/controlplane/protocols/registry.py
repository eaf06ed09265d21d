"""The protocols, one row each. A protocol is imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from controlplane.domain.inference import ProtocolName
from controlplane.protocols.protocol import Protocol

_MODULES = {
    ProtocolName.CHAT_COMPLETIONS: "controlplane.protocols.chat_completions.protocol",
    ProtocolName.EMBEDDINGS: "controlplane.protocols.embeddings.protocol",
    ProtocolName.MESSAGES: "controlplane.protocols.messages.protocol",
    ProtocolName.RESPONSES: "controlplane.protocols.responses.protocol",
    ProtocolName.TOKEN_COUNTS: "controlplane.protocols.token_counts.protocol",
}


@cache
def protocol(name: ProtocolName) -> Protocol:
    """The protocol of that name: what its module calls PROTOCOL."""
    found: Protocol = import_module(_MODULES[name]).PROTOCOL
    return found
