"""Long numbers keep their digits, and JSON that is nested too deeply is a failure of its sender."""

from __future__ import annotations

import orjson

from controlplane.errors import ProviderError
from controlplane.translators.digits import exact_object


def test_a_long_number_is_written_out_as_it_was_read() -> None:
    text = b'{"a":[123456789012345678901234567890,0.12345678901234567890,-7,1.5]}'
    assert orjson.dumps(exact_object(text)) == text


def test_deep_nesting_is_a_failure_and_no_crash() -> None:
    deep = b'{"id":1234567890123456,"a":' + b"[" * 1000 + b"]" * 1000 + b"}"
    failure, value = None, {}
    try:
        value = exact_object(deep)
    except ProviderError as error:
        failure = error
    # How deep is too deep is up to the version of Python.
    assert set(value) == {"id", "a"} if failure is None else failure.kind == "protocol"
