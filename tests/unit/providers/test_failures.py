"""What is read from a provider's error answer."""

import time

import httpx
import pytest

from controlplane.providers.failures import (
    failure_of_event,
    failure_of_response,
    failure_of_transport,
    retry_after,
)
from controlplane.providers.kind import Failures

pytestmark = pytest.mark.dates

KEY = "sk-provider-key"


def failure(status: int, content: bytes, **headers: str) -> str:
    response = httpx.Response(status, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return failure_of_response(response, content, Failures(), KEY).message


def test_openais_error_object_is_kept() -> None:
    body = b'{"error":{"message":"too long","type":"x","param":"messages","code":"ctx"}}'
    error = failure_of_response(
        httpx.Response(400, headers={"retry-after": "3"}), body, Failures(), KEY
    )
    assert (error.status, error.message, error.param, error.code) == (
        400,
        "too long",
        "messages",
        "ctx",
    )
    assert error.retry_after_seconds == 3
    assert error.refused_request


OWN_WORDS = Failures(
    codes={"E7": "context_length_exceeded"},
    statuses={498: 503, "E9": 429},
)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b'{"error":{"message":"m","code":"E7"}}', (400, "m", "context_length_exceeded")),
        (413, b'{"error":{"message":"m","code":"E8"}}', (413, "m", "E8")),
        (498, b'{"error":{"message":"m"}}', (503, "m", None)),
    ],
)
def test_the_words_of_a_kind_are_understood(
    status: int, body: bytes, expected: tuple[object, ...]
) -> None:
    error = failure_of_response(httpx.Response(status), body, OWN_WORDS, KEY)
    assert (error.status, error.message, error.code) == expected


def test_the_type_is_the_code_where_a_kind_says_so() -> None:
    body = b'{"error":{"message":"m","type":"T","code":"C"}}'
    response = httpx.Response(400)
    assert failure_of_response(response, body, Failures(code_is_type=True), KEY).code == "T"
    assert failure_of_response(response, body, Failures(), KEY).code == "C"


@pytest.mark.parametrize(("code", "status"), [("E9", 429), ("E8", 500), (None, 500)])
def test_an_error_inside_a_stream_has_the_status_of_its_code(code: str | None, status: int) -> None:
    assert failure_of_event({"error": {"code": code}}, OWN_WORDS, KEY).status == status


def test_our_key_never_comes_back() -> None:
    body = b'{"error":{"message":"bad key sk-provider-key, really"}}'
    assert KEY not in failure(400, body)


def test_a_server_that_wants_no_key_keeps_its_words() -> None:
    body = b'{"error":{"message":"no such thing"}}'
    assert failure_of_response(httpx.Response(400), body, Failures(), "").message == "no such thing"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 7}', b'{"error": {}}'])
def test_other_bodies_are_not_quoted(body: bytes) -> None:
    assert failure(500, body) == "The provider answered 500."


def test_long_messages_are_cut() -> None:
    assert len(failure(400, b'{"error":{"message":"%b"}}' % (b"x" * 100_000))) == 2_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "0.5"}, 1),
        ({"retry-after": "0"}, 1),
        ({"retry-after-ms": "2500", "retry-after": "9"}, 2.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 1),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-4"}, 1),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "inf"}, 3600),
        ({"retry-after": "-Infinity"}, 1),
        ({"retry-after": "1e23"}, 3600),
        ({"retry-after": "9" * 5000}, 3600),
        ({"retry-after-ms": "1e400"}, 3600),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 3600),
        ({"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 1),
        ({"retry-after": "Mon, 01 Jan 0001 00:00:00 +2359"}, 1),
        ({"retry-after-ms": "nan-ish"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


@pytest.mark.parametrize("form", ["%a, %d %b %Y %T GMT", "%a, %d %b %Y %T -0000", "%a %b %e %T %Y"])
@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns"])
def test_retry_after_as_a_date(monkeypatch: pytest.MonkeyPatch, zone: str, form: str) -> None:
    date = time.strftime(form, time.gmtime(time.time() + 30))
    with monkeypatch.context() as local:
        local.setenv("TZ", zone)
        time.tzset()
        seconds = retry_after(httpx.Headers({"retry-after": date}))
    time.tzset()
    assert seconds is not None
    assert 25 < seconds <= 30


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("x"), "connect"),
        (httpx.ConnectTimeout("x"), "connect"),
        (httpx.ReadTimeout("x"), "timeout"),
        (httpx.ReadError("x"), "protocol"),
        (httpx.RemoteProtocolError("x"), "protocol"),
    ],
)
def test_transport_errors(error: httpx.RequestError, kind: str) -> None:
    assert failure_of_transport(error).kind == kind
