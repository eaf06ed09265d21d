"""What there is to compare a stream with: a server that hands on each piece and looks at none.

`python -m tests.benchmarks.passthrough UPSTREAM_PORT PORT`
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from httpx_aiohttp import AiohttpTransport

app = FastAPI()
client = httpx.AsyncClient(transport=AiohttpTransport())


@app.post("/v1/chat/completions")
async def relay(request: Request) -> StreamingResponse:
    """The upstream's answer, piece by piece."""
    body = await request.body()

    async def pieces() -> AsyncIterator[bytes]:
        url = f"http://127.0.0.1:{sys.argv[1]}/v1/chat/completions"
        async with client.stream("POST", url, content=body) as response:
            async for piece in response.aiter_raw():
                yield piece

    return StreamingResponse(pieces(), media_type="text/event-stream")


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), access_log=False, log_level="warning")
