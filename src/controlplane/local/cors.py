"""Cross-origin calls, as API Gateway and CloudFront answer them in AWS (`infra/*/cors.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class CorsRules:
    """What pages of which origins may send and read. The fields are those of the file."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...]
    allow_headers: tuple[str, ...]
    expose_headers: tuple[str, ...]
    max_age_seconds: int

    @classmethod
    def read(cls, path: Path) -> CorsRules:
        """The rules of a file. Raises TypeError for a field that is missing or unknown."""
        rules: dict[str, Any] = json.loads(path.read_text())
        lists = {name: tuple(row) for name, row in rules.items() if isinstance(row, list)}
        return cls(**{**rules, **lists})


class WithCors:
    """Answers preflights, and lets pages of the allowed origins read what the app answers.

    To pages of other origins nothing is said, so that their browsers keep the answer from them.
    """

    def __init__(self, app: ASGIApp, rules: CorsRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        origin = headers.get("origin")
        if origin is None or origin not in self._rules.allow_origins:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await self._preflight(origin, send)
        else:
            await self._app(scope, receive, self._readable(origin, send))

    async def _preflight(self, origin: str, send: Send) -> None:
        rules = self._rules
        start: Message = {"type": "http.response.start", "status": 204, "headers": []}
        headers = _allow(start, origin)
        headers["access-control-allow-methods"] = ",".join(rules.allow_methods)
        headers["access-control-allow-headers"] = ",".join(rules.allow_headers)
        headers["access-control-max-age"] = str(rules.max_age_seconds)
        await send(start)
        await send({"type": "http.response.body", "body": b""})

    def _readable(self, origin: str, send: Send) -> Send:
        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = _allow(message, origin)
                headers["access-control-expose-headers"] = ",".join(self._rules.expose_headers)
            await send(message)

        return send_readable


def _allow(start: Message, origin: str) -> MutableHeaders:
    start["headers"] = list(start["headers"])
    headers = MutableHeaders(raw=start["headers"])
    headers["access-control-allow-origin"] = origin
    headers.add_vary_header("Origin")
    return headers
