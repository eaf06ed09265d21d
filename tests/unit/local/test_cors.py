"""Pages of the origins in `cors.json` may call, and no others: as in AWS."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.unit.api.test_app import AUTH, BODY, app_over
from tests.unit.gateway.parts import gateway

from controlplane.local.cors import CorsRules, WithCors

STAGES = Path(__file__).parents[3] / "infra"
SANDBOX = CorsRules.read(STAGES / "sandbox-llm-cp" / "cors.json")
PAGE = SANDBOX.allow_origins[0]
PREFLIGHT = {"access-control-request-method": "POST"}


def client(rules: CorsRules = SANDBOX) -> httpx.AsyncClient:
    app = WithCors(app_over(gateway()[0]), rules)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cp")


async def test_the_preflight_says_what_the_file_says() -> None:
    async with client() as http:
        answer = await http.options("/v1/models", headers={"origin": PAGE, **PREFLIGHT})
    assert (answer.status_code, answer.content) == (204, b"")
    headers = answer.headers
    assert headers["access-control-allow-origin"] == PAGE
    assert tuple(headers["access-control-allow-methods"].split(",")) == SANDBOX.allow_methods
    assert tuple(headers["access-control-allow-headers"].split(",")) == SANDBOX.allow_headers
    assert headers["access-control-max-age"] == str(SANDBOX.max_age_seconds)
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_can_be_read_with_its_headers(stream: bool) -> None:
    async with client() as http:
        answer = await http.post(
            "/v1/chat/completions", json=BODY | {"stream": stream}, headers={"origin": PAGE, **AUTH}
        )
        refused = await http.post("/v1/chat/completions", json=BODY, headers={"origin": PAGE})
    for each, status in ((answer, 200), (refused, 401)):
        assert each.status_code == status
        assert each.headers["access-control-allow-origin"] == PAGE
        exposed = tuple(each.headers["access-control-expose-headers"].split(","))
        assert exposed == SANDBOX.expose_headers
        assert "x-request-id" in exposed


@pytest.mark.parametrize(
    "origin",
    ["http://evil.test", f"{PAGE}.evil.test", PAGE.upper(), "null", "", f"{PAGE}/", "*", None],
)
async def test_pages_of_other_origins_get_nothing_to_read(origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    async with client() as http:
        preflight = await http.options("/v1/models", headers={**headers, **PREFLIGHT})
        answer = await http.get("/v1/models", headers={**headers, **AUTH})
    assert (preflight.status_code, preflight.headers["allow"]) == (405, "GET")
    for each in (preflight, answer):
        assert not [name for name in each.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("stage", ["demo", "prod"])
async def test_where_the_file_names_no_origin_no_page_may_call(stage: str) -> None:
    rules = CorsRules.read(STAGES / f"{stage}-llm-cp" / "cors.json")
    async with client(rules) as http:
        preflight = await http.options("/v1/models", headers={"origin": PAGE, **PREFLIGHT})
    assert preflight.status_code == 405
