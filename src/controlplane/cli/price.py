"""`llm-cp price`: what a model costs your organisation, where that is not the list price."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controlplane.cli.command import Argument, Command, Group, argument
from controlplane.cli.documents import read_document
from controlplane.cli.errors import EXIT_OK, CommandError
from controlplane.cli.options import (
    FILE,
    FORCE,
    IF_MATCH,
    LIMIT,
    YES,
    condition,
    note_tag,
    path,
    segment,
)
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, confirm, note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Response

PATH = "/admin/v1/prices"
COLUMNS = (
    Column("MODEL", lambda row: f"{row.get('provider')}/{row.get('model')}"),
    Column("INPUT", lambda row: row.get("input"), right=True),
    Column("OUTPUT", lambda row: row.get("output"), right=True),
    Column("CACHED", lambda row: row.get("cached"), right=True),
    Column("CACHE WRITE", lambda row: row.get("cache_write"), right=True),
    Column("SOURCE", lambda row: row.get("source")),
)
_MODEL = argument("model", metavar="PROVIDER/MODEL", help="as targets of routes name them")


def _list(arguments: argparse.Namespace, session: Session) -> int:
    return session.show_table(COLUMNS, session.gateway.listing(PATH, limit=arguments.limit))


def _get(arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(_address(arguments))
    session.show_table(COLUMNS, response)
    # The list price cannot be written, so nothing can be held to it.
    if not session.as_json and response.body.get("source") == "own":
        note_tag(response)
    return EXIT_OK


def _set(arguments: argparse.Namespace, session: Session) -> int:
    given = {
        "input": arguments.input,
        "output": arguments.output,
        "cached": arguments.cached,
        "cache_write": arguments.cache_write,
    }
    wanted = {name: amount for name, amount in given.items() if amount is not None}
    address = _address(arguments)
    stored = _own(session, address)
    response = session.gateway.send("PUT", address, wanted, headers=condition(arguments, stored))
    return session.show_table(COLUMNS, response)


def _put(arguments: argparse.Namespace, session: Session) -> int:
    raw, _ = read_document(arguments.file)
    address = _address(arguments)
    stored = _own(session, address)
    response = session.gateway.send("PUT", address, raw, headers=condition(arguments, stored))
    return session.show_table(COLUMNS, response)


def _delete(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    stored = _own(session, address)
    if stored is None:
        raise CommandError(f"There is no price of your own for {arguments.model}.")
    confirm(f"Delete your own price of {arguments.model}?", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    note(f"Deleted. {arguments.model} costs what the price list says, if it knows it.")
    return EXIT_OK


def _own(session: Session, address: str) -> Response | None:
    stored = session.gateway.find(address)
    return stored if stored is not None and stored.body.get("source") == "own" else None


def _address(arguments: argparse.Namespace) -> str:
    provider, slash, model = arguments.model.partition("/")
    if not slash:
        raise CommandError("A price is named PROVIDER/MODEL, such as openai/gpt-5.5.")
    return f"{PATH}/{segment(provider)}/{path(model)}"


def _amount(name: str, what: str, *, required: bool = False) -> Argument:
    return argument(name, metavar="USD", required=required, help=f"{what}, such as 2.50")


GROUP = Group(
    "own prices: list, get, set, put, delete",
    "Prices are US dollars per million tokens. Models without a price of your own cost what the\n"
    "price list says.",
    "llm-cp price set openai/gpt-5.5 --input 2.50 --output 10.00\nllm-cp price list",
    {
        "list": Command(
            "list your own", "Lists the prices of your own.", "llm-cp price list", _list, (LIMIT,)
        ),
        "get": Command(
            "show what a model costs",
            "Shows your own price of a model, else that of the price list.",
            "llm-cp price get openai/gpt-5.5",
            _get,
            (_MODEL,),
        ),
        "set": Command(
            "write one",
            "Writes a price of your own, as a whole. It holds from the next request on. A model\n"
            "with a * stands for every name that it matches.",
            "llm-cp price set openai/gpt-5.5 --input 2.50 --output 10.00 --cached 1.25\n"
            "llm-cp price set vllm/meta-llama/Llama-3 --input 0 --output 0",
            _set,
            (
                _MODEL,
                _amount("--input", "a million tokens of input", required=True),
                _amount("--output", "a million tokens of output", required=True),
                _amount("--cached", "a million tokens of input read from a cache"),
                _amount("--cache-write", "a million tokens of input written to a cache"),
                IF_MATCH,
                FORCE,
            ),
        ),
        "put": Command(
            "write one out of a file",
            "Stores the document in FILE as the whole price: audio, calls of tools, service\n"
            "tiers, places and longer prompts too. `price get --json` prints one.",
            "llm-cp price get openai/gpt-5.5 --json > price.json\n"
            "llm-cp price put openai/gpt-5.5 price.json\n"
            "llm-cp price put 'vllm/*' - <<'END'\n"
            '{"input": "1", "output": "2", "calls": {"web_search": "0.01"}}\n'
            "END",
            _put,
            (_MODEL, FILE, IF_MATCH, FORCE),
        ),
        "delete": Command(
            "delete one",
            "Deletes a price of your own: the price list counts again. Asks first on a terminal.",
            "llm-cp price delete openai/gpt-5.5",
            _delete,
            (_MODEL, YES, FORCE),
            has_json=False,
        ),
    },
)
