"""`llm-cp`: what an operator asks the gateway from a shell. A subcommand is one row in COMMANDS."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import httpx
import orjson

from controlplane.config import cli_settings
from controlplane.errors import ControlPlaneError

EXIT_CLEAN, EXIT_FOUND, EXIT_FAILED = 0, 1, 2
TIMEOUT_SECONDS = 60.0
DESCRIPTION = """\
Asks a running gateway. Its address and your token come from LLM_CP_URL and LLM_CP_ADMIN_TOKEN;
`make run` writes both to .local/env (set -a; . .local/env; set +a)."""
SCAN_DESCRIPTION = """\
Shows what screening would find in FILE, and do, under the policy of your token. The text goes to
the gateway and no further: nothing is sent to a provider, kept or recorded. The table shows no
found value."""
SCAN_EPILOG = """\
examples:
  llm-cp scan request.json                       a chat request: a JSON object with 'messages'
  llm-cp scan notes.txt                          any other text is sent as one user message
  git diff --cached | llm-cp scan -              standard input, say before a commit
  llm-cp scan --json notes.txt | jq .redacted    the gateway's whole answer

exit code: 0 nothing to act on (allow or flag), 1 redact or block, 2 wrong use or a refusal."""


class CommandError(ControlPlaneError):
    """The command cannot be done; the message is one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand: its help, the arguments of its own, and what it does with a client of the
    gateway. `run` answers the exit code and raises CommandError."""

    summary: str
    description: str
    epilog: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, httpx.Client], int]


class _Parser(argparse.ArgumentParser):
    """Wrong use is one sentence, without the usage lines."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_FAILED, f"{self.prog}: {message} (--help shows how)\n")


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """The command. Answers the exit code; argparse exits by itself after `--help` and wrong use."""
    arguments = _parser().parse_args(argv)
    settings = cli_settings(environ)
    try:
        url = arguments.url or settings.url
        token = arguments.token or settings.token
        with _client(url, token, transport) as client:
            return COMMANDS[arguments.command].run(arguments, client)
    except CommandError as error:
        print(f"llm-cp {arguments.command}: {error}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="llm-cp", description=DESCRIPTION, formatter_class=raw)
    rows = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        row = rows.add_parser(
            name,
            help=command.summary,
            description=command.description,
            epilog=command.epilog,
            formatter_class=raw,
        )
        command.add_arguments(row)
        row.add_argument("--url", help="where the gateway listens (default: $LLM_CP_URL)")
        row.add_argument("--token", help="a key or token (default: $LLM_CP_ADMIN_TOKEN)")
        row.add_argument("--json", action="store_true", help="print the answer as it is")
    return parser


def _client(
    url: str | None, token: str | None, transport: httpx.BaseTransport | None
) -> httpx.Client:
    if not url:
        raise CommandError("Set LLM_CP_URL or --url to the gateway's address.")
    if not url.startswith(("http://", "https://")):
        raise CommandError("The gateway's address must start with https:// or http://.")
    if not token:
        raise CommandError("Set LLM_CP_ADMIN_TOKEN or --token to a key of the gateway.")
    if not token.isascii() or not token.isprintable():
        raise CommandError("The token holds characters that no token has.")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        return httpx.Client(
            base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        )
    except httpx.InvalidURL:
        raise CommandError("The gateway's address is not a valid URL.") from None


def _post(client: httpx.Client, path: str, body: bytes) -> httpx.Response:
    """A successful answer. Raises CommandError with what the gateway said."""
    try:
        response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise CommandError(
            f"The gateway at {_shown(str(client.base_url))} did not answer "
            f"({type(error).__name__})."
        ) from None
    if response.status_code != httpx.codes.OK:
        raise CommandError(
            f"The gateway refused with {response.status_code}: {_error_message(response)}"
        )
    return response


def _error_message(response: httpx.Response) -> str:
    try:
        return _shown(str(orjson.loads(response.content)["error"]["message"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "no reason given; is this the gateway's address?"


def _scan_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a chat request as JSON, or any text; - is standard input"
    )


def _scan(arguments: argparse.Namespace, client: httpx.Client) -> int:
    raw = _read(arguments.file)
    is_chat = _is_chat_request(raw)
    request = raw if is_chat else _as_message(raw)
    # A chat request goes as it stands: written anew, a long number would be another one.
    response = _post(client, "/admin/v1/screening/test", b'{"request":' + request + b"}")
    try:
        answer = orjson.loads(response.content)
        action = str(answer["action"])
        rows = [
            (_shown(str(found["place"])), str(found["kind"]), found["offset"], found["length"])
            for found in answer["findings"]
        ]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise CommandError("The answer is not one of the gateway's; is this its address?") from None
    if arguments.json:
        print(response.text)
    else:
        print(f"{action} ({'a chat request' if is_chat else 'as text'}, {len(rows)} found)")
        _print_table(("PLACE", "KIND", "OFFSET", "LENGTH"), rows)
    return EXIT_FOUND if action in ("redact", "block") else EXIT_CLEAN


def _read(name: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def _is_chat_request(raw: bytes) -> bool:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and "messages" in document


def _as_message(raw: bytes) -> bytes:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise CommandError("The file is not text in UTF-8.") from None
    # The model is never called; its name only makes the request whole.
    return orjson.dumps({"model": "none", "messages": [{"role": "user", "content": text}]})


def _shown(text: str) -> str:
    """What a terminal prints and does not obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _print_table(header: Sequence[Any], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they need to be; numbers to the right; nothing where there is no row."""
    if not rows:
        return
    lines = [header, *rows]
    widths = [max(len(str(line[at])) for line in lines) for at in range(len(header))]
    for line in lines:
        cells = [
            str(cell).rjust(width) if isinstance(rows[0][at], int) else str(cell).ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


COMMANDS: Mapping[str, Command] = {
    "scan": Command(
        "show what screening finds in a file, and does",
        SCAN_DESCRIPTION,
        SCAN_EPILOG,
        _scan_arguments,
        _scan,
    ),
}


if __name__ == "__main__":
    sys.exit(main())
