"""Which protocol is spoken at a path. Every error there is written in its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.inference import ProtocolName
from controlplane.protocols.protocol import Protocol
from controlplane.protocols.registry import protocol

_ANTHROPIC_VERSION = b"anthropic-version"
_PREFIXES: Mapping[str, ProtocolName] = {
    "/v1/messages": ProtocolName.MESSAGES,
    "/v1/responses": ProtocolName.RESPONSES,
    "/v1/embeddings": ProtocolName.EMBEDDINGS,
}


def spoken(scope: Mapping[str, Any]) -> Protocol:
    """The protocol of the request of an ASGI scope; chat completions where none is named."""
    path: str = scope.get("path") or ""
    path = path.removeprefix(scope.get("root_path") or "")
    name = next((name for prefix, name in _PREFIXES.items() if path.startswith(prefix)), None)
    if name is None and path.startswith("/v1/models") and is_anthropic(scope):
        name = ProtocolName.MESSAGES
    return protocol(name or ProtocolName.CHAT_COMPLETIONS)


def is_anthropic(scope: Mapping[str, Any]) -> bool:
    """True where the client is one of Anthropic's API, at a path that several APIs have."""
    return any(name == _ANTHROPIC_VERSION for name, _ in scope.get("headers", ()))
