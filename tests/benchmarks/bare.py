"""What there is to compare with: FastAPI that does nothing, under a server and under Mangum."""

from __future__ import annotations

from fastapi import FastAPI, Request
from mangum import Mangum

app = FastAPI()


@app.post("/v1/chat/completions")
@app.get("/health")
async def nothing(request: Request) -> dict[str, str]:
    """Reads the body and answers."""
    await request.body()
    return {"status": "ok"}


handler = Mangum(app, lifespan="off")

if __name__ == "__main__":
    import sys

    import uvicorn

    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
