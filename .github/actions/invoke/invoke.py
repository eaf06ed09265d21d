"""Invoke the function with EVENT and fail where it failed.

`aws lambda invoke` exits 0 when the handler raised: only the reply's FunctionError tells.
Reads FUNCTION, QUALIFIER and EVENT.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Longer than the longest timeout of a stage: the CLI must not give up, and repeat the call, first.
READ_TIMEOUT_SECONDS = 330


def main() -> str | None:
    """Print the answer; a sentence for the exit where there is none."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "answer")
        done = subprocess.run(  # noqa: S603 - the words come from the workflow, without a shell
            _command(path), capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"::error::aws lambda invoke failed: {_one_line(done.stderr)}"
        reply = json.loads(done.stdout)
        answer = json.loads(path.read_text("utf-8") or "null")
    if kind := reply.get("FunctionError"):
        return f"::error::The function failed ({kind}): {_error(answer)}"
    if not isinstance(answer, dict) or answer.get("ok") is not True:
        return "::error::The function did not answer 'ok'."
    # Keys that a seeder issues are shown to whoever asked for them, never to a log.
    print(json.dumps({key: value for key, value in answer.items() if key != "api_keys"}))
    return None


def _command(path: Path) -> list[str]:
    return [
        *("aws", "lambda", "invoke", "--function-name", os.environ["FUNCTION"]),
        *("--qualifier", os.environ["QUALIFIER"], "--payload", os.environ["EVENT"]),
        *("--cli-binary-format", "raw-in-base64-out", "--output", "json"),
        *("--cli-read-timeout", str(READ_TIMEOUT_SECONDS), str(path)),
    ]


def _error(answer: Any) -> str:
    if not isinstance(answer, dict):
        return "it gave no reason."
    return _one_line(f"{answer.get('errorType')}: {answer.get('errorMessage')}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
