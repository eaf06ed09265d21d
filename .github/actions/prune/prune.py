"""Delete the versions of FUNCTION but the newest KEPT and those that an alias points to.

CloudFormation keeps every version, so that a release can be turned back; each takes its place in
the 75 GB of code that an account has, and its snapshot is billed.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

KEPT = 5


class PruneError(Exception):
    """The versions cannot be read or deleted; the message is one sentence."""


def main() -> str | None:
    """Say what was deleted; a sentence for the exit where that failed."""
    function = os.environ["FUNCTION"]
    try:
        deleted = _prune(function)
    except PruneError as error:
        return f"::error::{error}"
    print(f"{function}: deleted the versions {', '.join(deleted) or 'none'}.")
    return None


def _prune(function: str) -> list[str]:
    listed = _aws("list-versions-by-function", "--function-name", function)["Versions"]
    numbers = sorted(int(row["Version"]) for row in listed if row["Version"].isdecimal())
    aliases = _aws("list-aliases", "--function-name", function)["Aliases"]
    used = {version for alias in aliases for version in _versions_of(alias)}
    old = [str(number) for number in numbers[:-KEPT] if str(number) not in used]
    for version in old:
        _aws("delete-function", "--function-name", function, "--qualifier", version)
    return old


def _versions_of(alias: dict[str, Any]) -> set[str]:
    """What the alias points to, and during a deployment also what gets a part of the traffic."""
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return {alias["FunctionVersion"], *weights}


def _aws(*words: str) -> dict[str, Any]:
    command = ["aws", "lambda", *words, "--output", "json"]
    done = subprocess.run(  # noqa: S603 - the words come from the workflow, without a shell
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PruneError(f"aws lambda {words[0]} failed: {' '.join(done.stderr.split())}")
    answer: dict[str, Any] = json.loads(done.stdout or "{}")
    return answer


if __name__ == "__main__":
    sys.exit(main())
