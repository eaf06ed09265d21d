"""What a token must look like before any cryptography is tried."""

from __future__ import annotations

import json

import pytest
from tests.unit.adapters.cognito.issuer import encode

from controlplane.adapters.cognito.compact import MAX_TOKEN_BYTES, key_id, parse_claims
from controlplane.errors import Unauthenticated


def token(header: object, payload: str = "e30", signature: str = "c2ln") -> str:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return f"{encode(raw)}.{payload}.{signature}"


def reason(presented: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        key_id(presented)
    return caught.value.reason


def test_the_key_id_of_a_good_token() -> None:
    assert key_id(token({"alg": "RS256", "kid": "k"})) == "k"


def test_where_a_token_says_its_key_lies_is_ignored() -> None:
    header = {
        "alg": "RS256",
        "kid": "k",
        "jku": "https://attacker.example/jwks",
        "x5u": "https://attacker.example/cert",
        "jwk": {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        "x5c": ["MIIB"],
        "typ": "JWT",
    }
    assert key_id(token(header)) == "k"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"alg": "none", "kid": "k"}, "algorithm"),
        ({"alg": "None", "kid": "k"}, "algorithm"),
        ({"alg": "HS256", "kid": "k"}, "algorithm"),
        ({"alg": "RS512", "kid": "k"}, "algorithm"),
        ({"alg": "PS256", "kid": "k"}, "algorithm"),
        ({"alg": "rs256", "kid": "k"}, "algorithm"),
        ({"alg": ["RS256"], "kid": "k"}, "algorithm"),
        ({"kid": "k"}, "algorithm"),
        ({"alg": "RS256"}, "key"),
        ({"alg": "RS256", "kid": ""}, "key"),
        ({"alg": "RS256", "kid": None}, "key"),
        ({"alg": "RS256", "kid": 7}, "key"),
        ({"alg": "RS256", "kid": ["k"]}, "key"),
        ({"alg": "RS256", "kid": "k" * 129}, "key"),
        ({"alg": "RS256", "kid": "k", "crit": ["exp"], "exp": 1}, "header"),
        ({"alg": "RS256", "kid": "k", "crit": []}, "header"),
        ({"alg": "RS256", "kid": "k", "b64": False}, "header"),
        ({"alg": "RS256", "kid": "k", "b64": True}, "header"),
        (["alg", "RS256"], "header"),
        ("RS256", "header"),
        (None, "header"),
        (b"not json", "header"),
        (b"\xff\xfe", "header"),
        (b'{"alg":"RS256","kid":"k","x":NaN}', "header"),
        (b'{"alg":"RS256","kid":"\\ud800"}', "header"),
        (b'{"alg":"RS256","kid":"k","x":' + b"[" * 1000 + b"]" * 1000 + b"}", "header"),
        (b'{"alg":"RS256","kid":"k","x":' + b'{"a":' * 900 + b"1" + b"}" * 901, "header"),
        (b"[" * 5000, "header"),
    ],
)
def test_a_header_that_is_refused(header: object, expected: str) -> None:
    assert reason(token(header)) == expected


def test_the_last_of_two_members_counts_as_it_does_for_the_library() -> None:
    assert reason(token(b'{"alg":"RS256","kid":"k","alg":"none"}')) == "algorithm"
    assert key_id(token(b'{"alg":"none","kid":"k","alg":"RS256"}')) == "k"


GOOD = token({"alg": "RS256", "kid": "k"})
HEADER = GOOD.split(".", maxsplit=1)[0]


@pytest.mark.parametrize(
    "presented",
    [
        "",
        ".",
        "..",
        "a.b",
        f"{HEADER}.e30",
        f"{HEADER}.e30.",
        f".e30.{'c2ln'}",
        f"{GOOD}.x",
        f"{GOOD}=",
        f"{HEADER}=.e30.c2ln",
        f"{HEADER}.e3 0.c2ln",
        f"{HEADER}.e30.c2ln\n",
        f"{HEADER}.e30.c2+/",  # the alphabet of plain base64
        f"{HEADER}.e31.c2ln",  # decodes to the same bytes as e30: two spellings of one token
        f"{HEADER}.e.c2ln",
        f"{HEADER}.e30.c2ln\u00e9",
        f"{HEADER}.e30.\uff23\uff12ln",
        '{"protected":"e30","payload":"e30","signature":"c2ln"}',
    ],
)
def test_what_is_not_three_canonical_parts_is_refused(presented: str) -> None:
    assert reason(presented) == "format"


def test_a_token_over_the_size_bound_is_refused_unread() -> None:
    assert reason("a" * (MAX_TOKEN_BYTES + 1)) == "size"
    assert reason("." * 10_000_000) == "size"


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b'"x"', b"{", b"[" * 5000, b'{"a":' * 3000, b"\xff{}"]
)
def test_claims_are_one_json_object(payload: bytes) -> None:
    with pytest.raises(Unauthenticated) as caught:
        parse_claims(payload)
    assert caught.value.reason == "claims"


def test_a_refusal_shows_nothing_of_the_token() -> None:
    with pytest.raises(Unauthenticated) as caught:
        key_id(token({"alg": "hidden-word", "kid": "hidden-word"}))
    shown = f"{caught.value} {caught.value.envelope()} {caught.value.reason} {caught.value!r}"
    assert "hidden-word" not in shown
    assert encode(b'{"alg": "hidden-word"')[:20] not in shown
