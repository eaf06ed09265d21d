"""A server of embeddings in OpenAI's and Azure's format, as somebody might run one."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

KEY = "sk-upstream"
DIMENSIONS = 4


@dataclass
class EmbeddingServer:
    """Keeps what it was asked; `answer` overrides what it says, `status` how."""

    asked: list[tuple[str, Mapping[str, str], dict[str, Any]]] = field(default_factory=list)
    status: int = 200
    answer: bytes | None = None

    def app(self) -> Starlette:
        place = "/{base:path}/embeddings"
        return Starlette(routes=[Route(place, self._embeddings, methods=["POST"])])

    async def _embeddings(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        path = f"{request.url.path}?{request.url.query}".rstrip("?")
        self.asked.append((path, dict(request.headers), body))
        content = self.answer if self.answer is not None else orjson.dumps(_answer(body))
        return Response(content, self.status, media_type="application/json")


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    inputs = body["input"]
    if isinstance(inputs, str) or isinstance(inputs[0], int):
        inputs = [inputs]
    size = body.get("dimensions") or DIMENSIONS
    data = []
    for index, item in enumerate(inputs):
        vector = [float(len(item))] * size
        packed = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        encoded = packed if body.get("encoding_format") == "base64" else vector
        data.append({"object": "embedding", "index": index, "embedding": encoded})
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}
