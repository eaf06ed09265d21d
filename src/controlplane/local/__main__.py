"""`python -m controlplane.local` (`make run`): the whole control plane on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from controlplane.errors import ConfigurationError
from controlplane.local.children import LocalStackError
from controlplane.local.environment import cleaned
from controlplane.local.supervisor import run

DESCRIPTION = """\
Starts PostgreSQL, Valkey, emulated AWS, a provider simulator, the function and the gateway on this
machine, and stops them with Ctrl-C. Data, logs and addresses are in .local/ of the current folder:
.local/env has what a client needs (set -a; . .local/env; set +a)."""
EPILOG = """\
Provider keys (OPENAI_API_KEY, ANTHROPIC_API_KEY, AZURE_OPENAI_API_KEY with AZURE_OPENAI_ENDPOINT,
and LLM_CP_OPENAI_URL and the like for other addresses) are read from the file .env only, never from
the shell: there, OPENAI_API_KEY may well be the key of .local/env, which is for callers of the
gateway. A provider is simulated as long as .env has no key for it.
See .env.example."""


def main() -> int:
    """The command. The exit code is 0 after a stop that was asked for, 1 after a failure."""
    parser = argparse.ArgumentParser(
        prog="python -m controlplane.local",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("PORT") or "8080",
        help="where the gateway listens (default: $PORT, or 8080)",
    )
    arguments = parser.parse_args()
    kept = cleaned(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    try:
        return run(Path.cwd(), arguments.port)
    except (LocalStackError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        return 1


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("the port must be a number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
