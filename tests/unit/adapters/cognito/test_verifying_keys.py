"""What both libraries have to do: alone, and behind the guard of the verifier."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.adapters.cognito.issuer import (
    encode,
    id_claims,
    mint,
    private_key,
    public_jwk,
    reason,
    verifier,
)

from controlplane.adapters.cognito.compact import ALGORITHM, MAX_TOKEN_BYTES
from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.jwks import MAX_KEY_BITS, MakeKey
from controlplane.adapters.cognito.python_jose_key import PythonJoseKey


@pytest.fixture(params=[JoserfcKey, PythonJoseKey])
def make_key(request: pytest.FixtureRequest) -> MakeKey:
    library: MakeKey = request.param
    return library


@pytest.mark.parametrize("payload", [b"not claims", b"{}", b"", bytes(range(256))])
def test_the_payload_is_what_was_signed(make_key: MakeKey, payload: bytes) -> None:
    assert make_key(public_jwk(), ALGORITHM).payload(mint(payload)) == payload


def refused(make_key: MakeKey, token: str, algorithm: str = ALGORITHM) -> bool:
    try:
        make_key(public_jwk(), algorithm).payload(token)
    except Exception:  # as the port says: every exception is a refusal
        return True
    return False


def test_another_key_and_another_payload_are_refused(make_key: MakeKey) -> None:
    head, _, signature = mint(b"signed").split(".")
    assert not refused(make_key, mint(b"signed"))
    assert refused(make_key, f"{head}.{encode(b'other')}.{signature}")
    assert refused(make_key, mint(b"signed", "kid-2"))


@pytest.mark.parametrize("named", ["none", "HS256", "RS384", "RS512", "PS256", "ES256", "", None])
def test_only_the_one_algorithm_is_allowed(make_key: MakeKey, named: str | None) -> None:
    """Even with a signature that holds under the algorithm which is allowed."""
    assert refused(make_key, mint(b"signed", header={"alg": named, "kid": "kid-1"}))


@pytest.mark.parametrize("named", ["RS512", "PS256"])
def test_a_signature_that_holds_under_another_algorithm_is_refused(
    make_key: MakeKey, named: str
) -> None:
    signed = f"{encode(json.dumps({'alg': named}).encode())}.{encode(b'signed')}"
    by_name = {
        "RS512": (padding.PKCS1v15(), hashes.SHA512()),
        "PS256": (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    }
    signature = private_key("kid-1", 2048).sign(signed.encode(), *by_name[named])
    token = f"{signed}.{encode(signature)}"
    assert refused(make_key, token)
    if named == "RS512":  # the one of the two that both libraries know
        assert make_key(public_jwk(alg=named), named).payload(token) == b"signed"


def test_an_unsigned_token_is_refused_alone(make_key: MakeKey) -> None:
    for named in ("none", ALGORITHM):
        head = encode(json.dumps({"alg": named, "kid": "kid-1"}).encode())
        assert refused(make_key, f"{head}.{encode(b'signed')}.")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "", "e": "AQAB"},
        {"kty": "RSA", "n": "AQ", "e": "AA"},
        {"kty": "RSA", "n": 7, "e": "AQAB"},
        {"kty": "other", "n": "AQ", "e": "AQAB"},
        {"kty": ["RSA"], "n": "AQ", "e": "AQAB"},
    ],
)
def test_what_is_no_key_is_a_value_error(make_key: MakeKey, jwk: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_key(jwk, ALGORITHM)


def test_a_large_key_and_a_long_header(make_key: MakeKey) -> None:
    """As large as the guard lets through; of known primes, because finding some takes a minute."""
    p, q, e = 2**3217 - 1, 2**4423 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    assert 6144 < public.n.bit_length() <= MAX_KEY_BITS
    key = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public
    ).private_key(unsafe_skip_rsa_key_validation=True)
    header = json.dumps({"alg": ALGORITHM, "kid": "k", "other": "x" * 2000}).encode()
    signed = f"{encode(header)}.{encode(b'signed')}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    token = f"{signed}.{encode(signature)}"
    assert len(token) < MAX_TOKEN_BYTES
    modulus = encode(public.n.to_bytes((public.n.bit_length() + 7) // 8, "big"))
    jwk = {"kty": "RSA", "n": modulus, "e": "AQAB"}
    assert make_key(jwk, ALGORITHM).payload(token) == b"signed"


async def test_a_token_signed_with_the_public_key_as_a_shared_secret(make_key: MakeKey) -> None:
    """The classic confusion: HS256 with the RSA public key, which anyone can read."""
    public = private_key("kid-1", 2048).public_key()
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
        json.dumps(public_jwk()).encode(),
    ):
        for algorithm, expected in (("HS256", "algorithm"), ("RS256", "signature")):
            head = encode(json.dumps({"alg": algorithm, "kid": "kid-1"}).encode())
            signing_input = f"{head}.{encode(json.dumps(id_claims()).encode())}"
            forged = (
                f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), 'sha256'))}"
            )
            assert await reason(forged, make_key=make_key) == expected
            assert refused(make_key, forged, algorithm)


async def test_an_unsigned_token(make_key: MakeKey) -> None:
    head = encode(b'{"alg":"none","kid":"kid-1"}')
    body = encode(json.dumps(id_claims()).encode())
    assert await reason(f"{head}.{body}.", make_key=make_key) == "format"
    assert await reason(f"{head}.{body}.c2ln", make_key=make_key) == "algorithm"


async def test_a_signature_over_other_claims(make_key: MakeKey) -> None:
    head, _, signature = mint(id_claims()).split(".")
    body = encode(json.dumps(id_claims(**{"custom:userRole": "admin"})).encode())
    assert await reason(f"{head}.{body}.{signature}", make_key=make_key) == "signature"


async def test_the_key_of_another_issuer_with_the_same_id(make_key: MakeKey) -> None:
    other = mint(id_claims(), "kid-2", header={"alg": "RS256", "kid": "kid-1"})
    assert await reason(other, make_key=make_key) == "signature"


async def test_where_a_token_says_its_key_lies_is_ignored(make_key: MakeKey) -> None:
    header = {
        "alg": ALGORITHM,
        "kid": "kid-1",
        "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/cert",
        "x5c": ["MIIB"],
        "jwk": public_jwk("kid-2"),
        "typ": "JWT",
        "other": [1],
    }
    genuine, forged = (mint(id_claims(), kid, header=header) for kid in ("kid-1", "kid-2"))
    assert (await verifier(make_key=make_key).verify(genuine)).org_id == "acme"
    assert await reason(forged, make_key=make_key) == "signature"


@pytest.mark.parametrize(
    "key",
    [
        public_jwk(use="enc"),
        public_jwk(use="SIG"),
        public_jwk(alg="RS512"),
        public_jwk(alg="HS256"),
        public_jwk(key_ops=["encrypt"]),
        public_jwk(key_ops="verify"),
        public_jwk(kty="oct", k="c2VjcmV0"),
        public_jwk(kty=None),
        public_jwk(n=None),
        public_jwk(n=""),
        public_jwk(n="!"),
        public_jwk(n=7),
        public_jwk(e=None),
        public_jwk(e="AA"),
        public_jwk() | {"kid": None},
        public_jwk(kid="KID-1"),
        public_jwk() | {"kid": 7},
    ],
)
async def test_a_published_key_that_may_not_verify(make_key: MakeKey, key: dict[str, Any]) -> None:
    assert await reason(mint(id_claims()), key, make_key=make_key) == "key"


async def test_a_key_of_less_than_2048_bits(make_key: MakeKey) -> None:
    token = mint(id_claims(), "small", bits=1024)
    assert await reason(token, public_jwk("small", bits=1024), make_key=make_key) == "key"


async def test_joserfc_takes_a_modulus_in_its_one_spelling_only() -> None:
    """RFC 7518 section 6.3.1.1: no padding."""
    padded = public_jwk() | {"n": public_jwk()["n"] + "=="}
    assert await reason(mint(id_claims()), padded, make_key=JoserfcKey) == "key"


async def test_a_key_that_says_neither_use_nor_algorithm(make_key: MakeKey) -> None:
    key = public_jwk(use=None, alg=None, key_ops=["verify"])
    assert (await verifier(key, make_key=make_key).verify(mint(id_claims()))).org_id == "acme"
