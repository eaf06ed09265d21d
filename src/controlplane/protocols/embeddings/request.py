"""OpenAI's embeddings schema.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from controlplane.domain.body import Rules, check_members, parse_object
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.domain.text import REQUEST_NAME, is_request_name
from controlplane.domain.usage import CHARACTERS_PER_TOKEN

MAX_INPUTS = 2048


@dataclass(frozen=True, slots=True)
class EmbeddingRequest(InferenceRequest):
    """A checked request for embeddings; its `input` is one or more texts, or tokens of texts.

    `texts` are what the tokens stand for, where that is known.
    """

    texts: str | list[str] | None = None

    protocol: ClassVar[ProtocolName] = ProtocolName.EMBEDDINGS
    generates: ClassVar[bool] = False

    @property
    def input_count(self) -> int:
        """How many embeddings answer it."""
        value = self.body["input"]
        return 1 if isinstance(value, str) or type(value[0]) is int else len(value)

    @property
    def readable(self) -> Mapping[str, Any]:
        """The body with the texts of tokens; without `input` where those are not known.

        It leaves its place behind, so that the order of the others is the same.
        """
        return {**self.body, "input": self.texts} if self._is_tokens else self.body

    @property
    def unreadable(self) -> bool:
        """True where `input` is tokens, and only their model's vocabulary reads them."""
        return self._is_tokens and self.texts is None

    def read(self, text_of: Callable[[Sequence[int]], str | None]) -> Self:
        """With the texts of its tokens, where all of them stand for texts.

        The tokens stay as they are: only what is redacted is sent on as text.
        """
        tokens = self.body["input"]
        if isinstance(tokens[0], int):
            return dataclasses.replace(self, texts=text_of(tokens))
        texts = [text for each in tokens if (text := text_of(each)) is not None]
        return dataclasses.replace(self, texts=texts if len(texts) == len(tokens) else None)

    def asked_characters(self, of_image: int) -> int:
        """How long the input is; roughly, where it is tokens."""
        value = self.body["input"]
        if isinstance(value, str):
            return len(value)
        if not self._is_tokens:
            return sum(map(len, value))
        tokens = len(value) if type(value[0]) is int else sum(map(len, value))
        return tokens * CHARACTERS_PER_TOKEN

    @property
    def _is_tokens(self) -> bool:
        value = self.body["input"]
        return not isinstance(value, str) and not isinstance(value[0], str)


def parse_embedding_request(raw: bytes) -> EmbeddingRequest:
    """Read and check a request body. Raises InvalidRequest, naming the parameter in `param`."""
    body = parse_object(raw)
    check_members(body, ("model", "input"), _PARAMETERS)
    return EmbeddingRequest(body, len(raw), raw=raw)


def _is_input(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if not isinstance(value, list) or not 0 < len(value) <= MAX_INPUTS:
        return False
    if isinstance(value[0], list):
        return all(isinstance(item, list) and item and _are_tokens(item) for item in value)
    return all(isinstance(item, str) for item in value) or _are_tokens(value)


def _are_tokens(value: list[Any]) -> bool:
    return all(type(item) is int and item >= 0 for item in value)


_PARAMETERS: Rules = {
    "model": (is_request_name, REQUEST_NAME),
    "input": (
        _is_input,
        f"a string, an array of 1 to {MAX_INPUTS} strings or tokens, or one of arrays of tokens",
    ),
    "dimensions": (lambda v: type(v) is int and 1 <= v < 2**31, "a positive integer"),
    "encoding_format": (lambda v: v in ("float", "base64"), "float or base64"),
    "stream": (lambda v: v is False, "left out: embeddings are not streamed"),
    "user": (is_request_name, REQUEST_NAME),
}
