"""Embeddings as a protocol of the gateway: always whole, and no text of a model."""

from __future__ import annotations

from typing import Any, ClassVar

from controlplane.domain.inference import Body, InferenceRequest, ProtocolName
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.reader import is_error
from controlplane.protocols.chat_completions.usage import read_embedding_usage
from controlplane.protocols.embeddings.request import EmbeddingRequest, parse_embedding_request
from controlplane.protocols.protocol import Failure, Protocol, json_object


class Embeddings(Protocol):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.EMBEDDINGS
    operation: ClassVar[str] = "embeddings"

    def parse(self, raw: bytes) -> EmbeddingRequest:
        """See `parse_embedding_request`."""
        return parse_embedding_request(raw)

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """One embedding for each input."""
        assert isinstance(request, EmbeddingRequest)
        answer = json_object(body)
        if is_error(answer):
            raise failure(answer)
        data, count = answer.get("data"), request.input_count
        if not isinstance(data, list) or len(data) != count or not all(map(_is_embedding, data)):
            raise ProviderError("protocol", "the answer is not an embedding for each input")
        return answer

    def usage(self, answer: Body) -> Usage:
        """Its member `usage`."""
        return read_embedding_usage(answer.get("usage")) or Usage()


def _is_embedding(item: Any) -> bool:
    # Text where the request asks for base64.
    return isinstance(item, dict) and isinstance(item.get("embedding"), list | str)


PROTOCOL = Embeddings()
