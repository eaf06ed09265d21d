"""GET /health and one completion through the gateway at URL, with the key that SSM keeps.

Reads URL, KEY_PARAMETER (the name of a SecureString), and SMOKE_PATIENCE_SECONDS: a new
distribution, or a database that was asleep, may take a while. It asks MODEL, or where that is empty
the first that answers of those that the gateway has for the key.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

PATIENCE_SECONDS = 120.0
TIMEOUT_SECONDS = 60
PAUSE_SECONDS = 5.0


class SmokeError(Exception):
    """The gateway does not do what it is for; the message is one sentence."""


def main() -> str | None:
    """Run both checks; a sentence for the exit where one fails."""
    try:
        url = os.environ["URL"].rstrip("/")
        _until_ok(urllib.request.Request(f"{url}/health"))  # noqa: S310 - our own address
        print("health: ok")
        answer = _completed(url, _key(os.environ["KEY_PARAMETER"]))
        if answer.get("object") != "chat.completion" or not answer.get("choices"):
            raise SmokeError("The completion is none.")
        print(f"completion: ok, {answer.get('model')}, {json.dumps(answer.get('usage'))}")
    except SmokeError as error:
        return f"::error::{error}"
    return None


def _key(parameter: str) -> str:
    command = ["aws", "ssm", "get-parameter", "--with-decryption", "--name", parameter]
    done = subprocess.run(  # noqa: S603 - the words come from the workflow, without a shell
        [*command, "--query", "Parameter.Value", "--output", "text"],
        capture_output=True,
        text=True,
        check=False,
    )
    key = done.stdout.strip()
    if done.returncode or not key:
        raise SmokeError(
            f"The parameter {parameter} does not give an API key: docs/SETUP_GUIDE.md, 'On AWS', "
            "says how to make one."
        )
    print(f"::add-mask::{key}")
    return key


def _completed(url: str, key: str) -> dict[str, Any]:
    """The completion of the first model that gives one."""
    models = [named] if (named := os.environ.get("MODEL")) else _models(url, key)
    failure = f"{url}/v1/models has no model for this key: a route is missing"
    for model in models:
        try:
            return _until_ok(_completion(url, key, model), share=len(models))
        except SmokeError as error:
            failure = f"{error}, for the model {model}"
    raise SmokeError(failure)


def _models(url: str, key: str) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/v1/models", headers=headers)  # noqa: S310 - as above
    listed = _until_ok(request).get("data")
    return [str(row["id"]) for row in listed] if isinstance(listed, list) else []


def _completion(url: str, key: str, model: str) -> urllib.request.Request:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Say OK."}],
        "max_tokens": 16,
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return urllib.request.Request(  # noqa: S310 - our own address
        f"{url}/v1/chat/completions", json.dumps(body).encode(), headers
    )


def _until_ok(request: urllib.request.Request, share: int = 1) -> dict[str, Any]:
    """The answer; what may pass (no connection, 5xx) is asked again for a while.

    One of several that may answer has its `share` of the patience.
    """
    effective_timeouts = float(os.environ.get("SMOKE_PATIENCE_SECONDS", PATIENCE_SECONDS)) / share
    deadline = time.monotonic() + effective_timeouts
    while True:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
                answer = json.load(reply)
                return answer if isinstance(answer, dict) else {}
        except urllib.error.HTTPError as error:
            failure = f"{request.full_url} answered {error.code} {_code(error)}"
            passing = error.code >= 500
        except (OSError, ValueError) as error:
            failure = f"{request.full_url} did not answer: {type(error).__name__}"
            passing = True
        if not passing or time.monotonic() > deadline:
            raise SmokeError(failure)
        time.sleep(min(PAUSE_SECONDS, effective_timeouts))


def _code(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
