"""Every RS256 vector of Wycheproof, its key served over HTTP as a key set.

https://github.com/C2SP/wycheproof/blob/main/testvectors_v1/json_web_signature_test.json
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.cognito.conftest import KeyServer

from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.errors import Unauthenticated

# 357, 367 and 370 contradict each other, 372 and 373 are doubtful (none of them is RS256).
EXCLUDED = frozenset({357, 367, 370, 372, 373})
RS256_VECTORS = 235


async def test_the_vectors(corpora: Path, key_server: KeyServer, client: httpx.AsyncClient) -> None:
    groups = json.loads((corpora / "wycheproof" / "json_web_signature_test.json").read_text())
    judged = 0
    for group in groups["testGroups"]:
        key = group.get("public") or {}
        if key.get("kty") != "RSA" or key.get("alg", "RS256") != "RS256":
            continue
        key_server.publish(json.dumps({"keys": [key]}).encode())
        verifier = CognitoVerifier(key_server.settings, lambda: client)
        for vector in group["tests"]:
            if vector["tcId"] not in EXCLUDED:
                await judge(vector, verifier)
                judged += 1
    assert judged == RS256_VECTORS


async def judge(vector: dict[str, Any], verifier: CognitoVerifier) -> None:
    """No payload of a vector is an object of claims, so the signature is judged alone: a valid
    vector gives its payload byte for byte, an invalid one is refused. `verify` refuses both, the
    valid one for its claims and for nothing before."""
    token, named = vector["jws"], f"tcId {vector['tcId']}: {vector['comment']}"
    try:
        payload = await verifier.signed_payload(token)
    except Unauthenticated:
        payload = None
    assert (payload is not None) == (vector["result"] == "valid"), named
    if payload is not None:
        part = token.split(".")[1]
        assert payload == base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), named
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert (caught.value.reason == "claims") == (payload is not None), named
