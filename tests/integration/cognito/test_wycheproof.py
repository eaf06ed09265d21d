"""The vectors of Wycheproof: each library alone, and both behind the guard of the verifier.

https://github.com/C2SP/wycheproof/blob/main/testvectors_v1/json_web_signature_test.json
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.cognito.conftest import KeyServer

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.jwks import MakeKey
from controlplane.adapters.cognito.python_jose_key import PythonJoseKey
from controlplane.adapters.cognito.tokens import CognitoVerifier
from controlplane.errors import Unauthenticated

VECTORS, RS256_VECTORS = 401, 235
# 357, 367 and 370 are one token that is called valid and invalid; 372 and 373 call characters valid
# that base64url does not have; the key of 346 and 350 is for PS256, and their tokens say PS384.
DOUBTFUL = frozenset({346, 350, 357, 367, 370, 372, 373})
# RFC 7518 has no ES521: what these vectors mean is ES512.
ALGORITHMS = {"ES521": "ES512"}
OF_THE_TYPE = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}

# The keys of 353 to 356 are for encryption, the others are not base64url.
WRONGLY_ACCEPTED = {
    JoserfcKey: set[int](),
    PythonJoseKey: {353, 354, 355, 356, 360, 365, 366, 368, 369, 375},
}
# RSASSA-PSS.
WRONGLY_REFUSED = {
    JoserfcKey: set[int](),
    PythonJoseKey: {*range(272, 276), 287, 288, *range(320, 324), *range(325, 329)},
}
libraries = pytest.mark.parametrize("library", [JoserfcKey, PythonJoseKey])


def groups(corpora: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each key with its vectors."""
    document = json.loads((corpora / "wycheproof" / "json_web_signature_test.json").read_text())
    for group in document["testGroups"]:
        yield group.get("public") or group["private"], group["tests"]


@libraries
def test_all_vectors_without_the_guard(
    corpora: Path, library: type[JoserfcKey | PythonJoseKey]
) -> None:
    """Whether a release of the library does better or worse: the guard is built for these."""
    accepted, refused, judged = set(), set(), 0
    for key, vectors in groups(corpora):
        named = key.get("alg", OF_THE_TYPE[key["kty"]])
        algorithm = ALGORITHMS.get(named, named)
        jwk = key | {"alg": algorithm} if "alg" in key else key
        for vector in vectors:
            judged += 1
            number, valid = vector["tcId"], vector["result"] == "valid"
            payload = alone(library, jwk, algorithm, vector["jws"])
            if payload is not None and valid:
                assert payload == signed(vector["jws"]), number
            elif payload is not None:
                accepted.add(number)
            elif valid:
                refused.add(number)
    assert judged == VECTORS
    assert accepted - DOUBTFUL == WRONGLY_ACCEPTED[library]
    assert refused - DOUBTFUL == WRONGLY_REFUSED[library]


def alone(make_key: MakeKey, jwk: dict[str, Any], algorithm: str, token: str) -> bytes | None:
    try:
        return make_key(jwk, algorithm).payload(token)
    except Exception:  # as the port says: every exception is a refusal
        return None


def signed(token: str) -> bytes:
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@libraries
async def test_the_vectors_of_rs256_behind_the_guard(
    corpora: Path, key_server: KeyServer, client: httpx.AsyncClient, library: MakeKey
) -> None:
    judged = 0
    for key, vectors in groups(corpora):
        if key["kty"] != "RSA" or key.get("alg", "RS256") != "RS256":
            continue
        key_server.publish(json.dumps({"keys": [key]}).encode())
        verifier = CognitoVerifier(key_server.settings, lambda: client, library)
        for vector in vectors:
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
        assert payload == signed(token), named
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token)
    assert (caught.value.reason == "claims") == (payload is not None), named
