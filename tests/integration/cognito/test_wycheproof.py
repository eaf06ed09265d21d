"""Every RS256 vector of Wycheproof, its key served over HTTP as a key set.

https://github.com/C2SP/wycheproof/blob/main/testvectors_v1/json_web_signature_test.json
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.errors import Unauthenticated
from tests.integration.cognito.conftest import KeyServer

CORPORA = Path(os.environ.get("CORPORA", Path(__file__).parents[3] / ".." / "shared" / "corpora"))
VECTORS = CORPORA / "wycheproof" / "json_web_signature_test.json"
# 357, 367 and 370 contradict each other, 372 and 373 are doubtful (none of them is RS256).
EXCLUDED = frozenset({357, 367, 370, 372, 373})
RS256_VECTORS = 235


def groups() -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    if not VECTORS.is_file():
        pytest.skip(
            f"the Wycheproof vectors are not at {VECTORS}: set CORPORA", allow_module_level=True
        )
    for group in json.loads(VECTORS.read_text())["testGroups"]:
        key = group.get("public") or {}
        if key.get("kty") == "RSA" and key.get("alg", "RS256") == "RS256":
            tests = [test for test in group["tests"] if test["tcId"] not in EXCLUDED]
            yield key, tests


GROUPS = list(groups())


def test_all_of_them_are_here() -> None:
    assert sum(len(tests) for _, tests in GROUPS) == RS256_VECTORS


@pytest.mark.parametrize(("key", "tests"), GROUPS)
async def test_vectors(
    key: dict[str, Any],
    tests: list[dict[str, Any]],
    key_server: KeyServer,
    verifier: CognitoVerifier,
) -> None:
    """The signature is judged alone, because the payloads are no claims: a valid vector gives its
    payload, byte for byte; an invalid one is refused here and by `verify`. No vector is a caller."""
    key_server.publish(json.dumps({"keys": [key]}).encode())
    for test in tests:
        try:
            payload = await verifier.signed_payload(test["jws"])
            accepted = True
        except Unauthenticated:
            accepted = False
        assert accepted == (test["result"] == "valid"), f"tcId {test['tcId']}: {test['comment']}"
        if accepted:
            part = test["jws"].split(".")[1]
            assert payload == base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        with pytest.raises(Unauthenticated) as caught:
            await verifier.verify(test["jws"])
        assert (caught.value.reason == "claims") == accepted
    assert len(key_server.paths) <= 1
