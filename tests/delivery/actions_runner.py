"""Runs the script of a composite action as a runner does, with an `aws` that plays a part."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ACTIONS = Path(__file__).parents[2] / ".github" / "actions"
FAKE_AWS = """\
#!{python}
import json, os, sys
replies = json.load(open(os.environ["FAKE_AWS"]))
log = os.environ["FAKE_AWS"] + ".calls"
with open(log, "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
reply = replies[sys.argv[2]]
if isinstance(reply, list):
    asked = sum(json.loads(line)[1] == sys.argv[2] for line in open(log))
    reply = reply[min(asked, len(reply)) - 1]
if "file" in reply:
    open(sys.argv[-1], "w").write(reply["file"])
sys.stderr.write(reply.get("stderr", ""))
sys.stdout.write(reply.get("stdout", ""))
sys.exit(reply.get("code", 0))
"""


@dataclass
class Runner:
    """Runs the `run` line of an action's only step."""

    folder: Path
    aws: dict[str, Any] = field(default_factory=dict)

    def __call__(self, action: str, **env: str) -> subprocess.CompletedProcess[str]:
        loaded = yaml.safe_load((ACTIONS / action / "action.yml").read_text("utf-8"))
        (step,) = loaded["runs"]["steps"]
        assert step["env"].keys() <= env.keys()
        replies = self.folder / "replies.json"
        replies.write_text(json.dumps(self.aws))
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={
                "PATH": os.pathsep.join([str(self.folder), os.path.dirname(sys.executable)])
                + ":/usr/bin:/bin",
                "GITHUB_ACTION_PATH": str(ACTIONS / action),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "FAKE_AWS": str(replies),
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[list[str]]:
        """The words of each call of `aws`."""
        path = self.folder / "replies.json.calls"
        return [json.loads(line) for line in path.read_text().splitlines()]
