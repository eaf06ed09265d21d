"""`/docs` and `/openapi.json`: the interactive documentation, all of it from this process."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import orjson
from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from controlplane.errors import NotFound

# Swagger UI (Apache-2.0, SmartBear Software), as the package `fastapi-offline` (MIT) carries it.
PACKAGE = "fastapi_offline"
MEDIA_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

router = APIRouter(redirect_slashes=False, include_in_schema=False)


@router.get("/openapi.json")
async def get_document(request: Request) -> Response:
    """The OpenAPI document."""
    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")


@router.get("/docs")
async def get_page(request: Request) -> Response:
    """Every route, to read and to try."""
    root = request.scope.get("root_path", "").rstrip("/")
    return get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title=f"{request.app.title} - API",
        swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{root}/docs/swagger-ui.css",
        swagger_favicon_url=f"{root}/docs/favicon.png",
        # It would ask a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )


@router.get("/docs/{name}")
async def get_file(name: str) -> Response:
    """One of the files of the page."""
    if name not in MEDIA_TYPES:
        raise NotFound(f"There is nothing at /docs/{name}.")
    headers = {"cache-control": "public, max-age=86400"}
    return Response(_content(name), media_type=MEDIA_TYPES[name], headers=headers)


@cache
def _content(name: str) -> bytes:
    return (files(PACKAGE) / "static" / name).read_bytes()
