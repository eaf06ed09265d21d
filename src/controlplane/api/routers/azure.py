"""Azure OpenAI's own paths, for clients that know no others: the deployment is the model.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.api.routers import chat, embeddings, models, responses
from controlplane.protocols.chat_completions.protocol import PROTOCOL as CHAT_COMPLETIONS
from controlplane.protocols.embeddings.protocol import PROTOCOL as EMBEDDINGS
from controlplane.protocols.protocol import Protocol
from controlplane.protocols.responses.protocol import PROTOCOL as RESPONSES

router = APIRouter(tags=["inference at Azure's paths"])
Deployment = Annotated[str, Path(description="A model or alias.", examples=["gpt-5.5"])]

_SERVED: tuple[tuple[str, Protocol, str, dict[str, Any]], ...] = (
    ("chat/completions", CHAT_COMPLETIONS, "Create a chat completion", chat.DESCRIPTION),
    ("responses", RESPONSES, "Create a response", responses.DESCRIPTION),
    ("embeddings", EMBEDDINGS, "Create embeddings", embeddings.DESCRIPTION),
)


def _serve(path: str, protocol: Protocol, summary: str, description: dict[str, Any]) -> None:
    async def by_deployment(request: Request, deployment: Deployment) -> Response:
        """As at `/v1`; `api-version` is not looked at."""
        return await respond(request, protocol, model=deployment)

    async def by_model(request: Request) -> Response:
        """As at `/v1`."""
        return await respond(request, protocol)

    options: dict[str, Any] = {"openapi_extra": description, "response_class": Response}
    name = path.replace("/", "_")
    router.post(
        f"/openai/deployments/{{deployment}}/{path}",
        summary=f"{summary} with a deployment",
        name=f"{name}_of_deployment",
        **options,
    )(by_deployment)
    router.post(f"/openai/v1/{path}", summary=summary, name=name, **options)(by_model)


for served in _SERVED:
    _serve(*served)
router.get(
    "/openai/v1/models",
    summary="List the models that the caller may use",
    openapi_extra=models.LIST,
)(models.list_models)
