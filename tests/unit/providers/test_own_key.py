"""The key of a provider, in whatever form its server says it."""

from __future__ import annotations

import base64
import html
from urllib.parse import quote

import httpx
import orjson
import pytest

from controlplane.errors import ProviderError
from controlplane.providers.failures import failure_of_event, failure_of_response
from controlplane.providers.kind import Failures
from controlplane.providers.own_key import MASK, answer_without_key, body_without_key

KEY = "sk-proj_Ab3/+xYz-0123456789=Qq"


def in_json(text: str) -> str:
    return "".join(f"\\u{ord(letter):04X}" for letter in text)


FORMS = {
    "clear": KEY,
    "lower case": KEY.lower(),
    "upper case": KEY.upper(),
    "bearer": f"Bearer {KEY}",
    "quoted": f"{{'authorization': 'bearer {KEY}'}}",
    "url": quote(KEY, safe=""),
    "url, small": quote(KEY, safe="").lower(),
    "url, every byte": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "url twice": quote(quote(KEY, safe=""), safe=""),
    "json": in_json(KEY),
    "json, slashes": KEY.replace("/", "\\/"),
    "html": "".join(f"&#{ord(letter)};" for letter in KEY),
    "html, some": html.escape(KEY).replace("-", "&#x2D;"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of basic": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "base64 of bearer": base64.urlsafe_b64encode(f"Bearer {KEY}!".encode()).decode(),
    "its first half": KEY[:20] + "...",
}


def traces(text: str) -> list[str]:
    """What of the key could be put together again."""
    whole = base64.b64encode(KEY.encode()).decode()
    parts = [KEY[:16], KEY[8:20], KEY[-12:], whole[4:20]]
    return [part for part in parts if part.lower() in text.lower()]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("member", ["message", "code", "param", "type"])
@pytest.mark.parametrize("code_is_type", [True, False])
def test_no_member_of_a_refusal_has_it(form: str, member: str, code_is_type: bool) -> None:
    error = {"message": "m", "code": "c", "type": "t", "param": "p", member: form}
    kind = Failures(code_is_type=code_is_type)
    response = httpx.Response(400, headers={"x-key": KEY})
    failure = failure_of_response(
        response, orjson.dumps({"error": error}), kind, KEY, keeps_refusals=True
    )
    assert failure.answer is not None
    assert orjson.loads(failure.answer.body)["error"].keys() == error.keys()
    for each in (failure, failure_of_event({"error": error}, kind, KEY)):
        assert traces(said(each)) == []
    assert MASK in failure.answer.body.decode()


def said(failure: ProviderError) -> str:
    answer = failure.answer.body.decode() if failure.answer else ""
    return " ".join(map(str, (failure, failure.message, failure.code, failure.param, answer)))


def test_a_key_across_the_end_of_a_long_message_is_not_cut_into_half_a_key() -> None:
    body = orjson.dumps({"error": {"message": "x" * 1_990 + KEY}})
    message = failure_of_response(httpx.Response(400), body, Failures(), KEY).message
    assert message == "x" * 1_990 + MASK


def test_a_body_that_is_no_text_stays_as_it_is() -> None:
    assert body_without_key(b"\xff\x00\xfe", KEY) == b"\xff\x00\xfe"


def test_a_success_has_it_no_more_than_an_error() -> None:
    data = b'{"model":"%b"}' % KEY.encode()
    assert answer_without_key(data, KEY) == b'{"model":"[key]"}'


@pytest.mark.parametrize("key", ["x", "ollama", "none"])
def test_a_placeholder_is_no_key(key: str) -> None:
    assert answer_without_key(b"x ollama none", key) == b"x ollama none"
