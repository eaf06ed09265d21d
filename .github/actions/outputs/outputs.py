"""Write the outputs of STACK to GITHUB_OUTPUT."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

NEEDED = ("FunctionName", "AliasName", "DistributionDomain", "DistributionId", "ConsoleBucket")


def main() -> str | None:
    """Write one line for each output; a sentence for the exit where one is missing."""
    stack = os.environ["STACK"]
    command = ["aws", "cloudformation", "describe-stacks", "--stack-name", stack]
    done = subprocess.run(  # noqa: S603 - the words come from the workflow, without a shell
        [*command, "--output", "json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"::error::There is no stack to read: {' '.join(done.stderr.split())}"
    rows = json.loads(done.stdout)["Stacks"][0].get("Outputs", [])
    found = {row["OutputKey"]: row["OutputValue"] for row in rows}
    if missing := [name for name in NEEDED if not found.get(name)]:
        return f"::error::The stack {stack} has no output {', '.join(missing)}."
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={found[name]}\n" for name in NEEDED)
    return None


if __name__ == "__main__":
    sys.exit(main())
