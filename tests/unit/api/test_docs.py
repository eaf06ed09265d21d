"""`/docs` works without the internet: every address on the page is the gateway's own."""

from __future__ import annotations

import re

from tests.unit.api.test_app import client
from tests.unit.gateway.parts import gateway

ADDRESS = re.compile(r"""(?:href|src)=["']([^"']+)["']""")


async def test_the_page_refers_to_no_other_host() -> None:
    made, _ = gateway()
    async with client(made) as http:
        page = await http.get("/docs", headers={"Authorization": ""})
        addresses = ADDRESS.findall(page.text)
        files = [await http.get(address) for address in addresses]
        document = await http.get("/openapi.json")
    assert page.status_code == 200
    assert "//" not in page.text
    assert sorted(addresses) == [
        "/docs/favicon.png",
        "/docs/swagger-ui-bundle.js",
        "/docs/swagger-ui.css",
    ]
    assert [file.status_code for file in files] == [200, 200, 200]
    assert "url: '/openapi.json'" in page.text
    assert document.json()["info"]["title"] == "LLM Control Plane"


async def test_there_are_no_other_files() -> None:
    made, _ = gateway()
    async with client(made) as http:
        for name in ("redoc.standalone.js", "..%2F__init__.py", "x"):
            assert (await http.get(f"/docs/{name}")).status_code == 404
