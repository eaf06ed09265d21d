"""Every file of JSONTestSuite as a request: https://github.com/nst/JSONTestSuite"""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.api.test_app import BODY, assert_envelope, client
from tests.unit.gateway.parts import Ledger, gateway


async def test_every_file_is_answered_with_the_envelope(corpora: Path) -> None:
    """As a whole body, and as the value of an unknown field: 636 requests."""
    made, _ = gateway(ledger=Ledger())
    files = sorted((corpora / "json_test_suite" / "test_parsing").glob("*.json"))
    assert len(files) == 318
    frame = json.dumps(BODY).encode()[:-1]
    async with client(made) as http:
        for file in files:
            content = file.read_bytes()
            for body in (content, frame + b', "extra": ' + content + b"}"):
                response = await http.post("/v1/chat/completions", content=body)
                assert response.status_code in (200, 400), file.name
                if response.status_code == 400:
                    assert_envelope(response)
            if file.name.startswith("n_"):
                assert response.status_code == 400 or _valid_inside(content), file.name
            if file.name.startswith("y_"):
                assert response.status_code == 200, file.name


def _valid_inside(content: bytes) -> bool:
    """What is broken alone may be whole inside an object: `1, "b": 2`."""
    try:
        json.loads(b'{"extra": ' + content + b"}")
    except ValueError:
        return False
    return True
