"""`llm-cp key`: API keys. A key is shown once, when it is made."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.errors import EXIT_OK
from controlplane.cli.options import FORCE, LIMIT, YES, condition, segment
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, confirm, minute, note, shown

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Response

PATH = "/admin/v1/api-keys"
ROLES = ("admin", "developer", "viewer", "service")
STATES = ("active", "expired", "revoked")


def _colour(row: Row) -> Colour | None:
    return {"active": Colour.GREEN, "revoked": Colour.RED}.get(str(row.get("state")))


def _ancestor(row: Row) -> str | None:
    """The first key of the lineage, where it is another."""
    lineage = row.get("lineage")
    return None if lineage == row.get("id") else lineage


COLUMNS = (
    Column("ID", lambda row: row.get("id")),
    Column("KEY", lambda row: f"{row.get('prefix')}…"),
    Column("NAME", lambda row: row.get("name")),
    Column("APPLICATION", lambda row: row.get("application_id")),
    Column("ROLE", lambda row: row.get("role")),
    Column("STATE", lambda row: row.get("state"), colour=_colour),
    Column("LAST USED", lambda row: minute(row.get("last_used_at"))),
    Column("EXPIRES", lambda row: minute(row.get("expires_at"))),
    Column("LINEAGE", _ancestor),
)
_ID = argument("id", metavar="KEY", help="the id of a key (key-…), never the key itself")


def _list(arguments: argparse.Namespace, session: Session) -> int:
    wanted = {
        "application_id": arguments.app,
        "state": arguments.state,
        "prefix": arguments.prefix,
        "lineage": arguments.lineage,
    }
    return session.show_table(COLUMNS, session.gateway.listing(PATH, wanted, arguments.limit))


def _create(arguments: argparse.Namespace, session: Session) -> int:
    wanted: dict[str, Any] = {"name": arguments.name, "role": arguments.role}
    if arguments.app:
        wanted["application_id"] = arguments.app
    if arguments.expires_at:
        wanted["expires_at"] = arguments.expires_at
    return _issued(session, session.gateway.send("POST", PATH, wanted))


def _get(arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(_address(arguments))
    key = response.body
    return session.show_fields(
        {name: key.get(name) for name in ("id", "prefix", "name", "application_id")}
        | {name: key.get(name) for name in ("role", "state", "replaces", "lineage")}
        | {
            "created": minute(key.get("created_at")),
            "last used": minute(key.get("last_used_at")),
            "expires": minute(key.get("expires_at")),
            "revoked": minute(key.get("revoked_at")),
        },
        response,
    )


def _rotate(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    headers = condition(arguments, session.gateway.get(address))
    overlap = {} if arguments.overlap is None else {"overlap_seconds": arguments.overlap}
    response = session.gateway.send("POST", f"{address}/rotate", overlap, headers=headers)
    _issued(session, response)
    if not session.as_json:
        old = session.gateway.get(address).body
        note(f"The old key {arguments.id} works until {minute(old.get('expires_at'))} UTC.")
    return EXIT_OK


def _revoke(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    stored = session.gateway.get(address)
    of = stored.body.get("application_id") or "no application"
    name = f"'{stored.body.get('name')}' of {of} ({arguments.id})"
    confirm(f"Revoke the key {name}? It cannot be undone.", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    note(f"Revoked {name}.")
    if _ancestor(stored.body):
        note(f"`llm-cp key list --lineage {arguments.id}` shows the others of its lineage.")
    return EXIT_OK


def _issued(session: Session, response: Response) -> int:
    if session.as_json:
        session.terminal.raw(response.text)
    else:
        # The key alone on standard output: KEY=$(llm-cp key create ...).
        print(shown(str(response.body.get("key"))), flush=True)
        role, application = response.body.get("role"), response.body.get("application_id")
        whose = f"role {role}" + (f", for {application}" if application else "")
        note(f"{response.body.get('id')} ({whose}). Store the key now: it is not shown again.")
    return EXIT_OK


def _address(arguments: argparse.Namespace) -> str:
    return f"{PATH}/{segment(arguments.id)}"


GROUP = Group(
    "API keys: list, create, get, rotate, revoke",
    "API keys. A key is shown once, when it is made; later only its id and its first characters.",
    "llm-cp key create Production --app app-support\n"
    "llm-cp key list --app app-support --state active\n"
    "llm-cp key rotate key-5f0c --overlap 3600",
    {
        "list": Command(
            "list them, newest first",
            "Lists keys, those that work no more included.",
            "llm-cp key list --app app-support\n"
            "llm-cp key list --state active --json | jq -r '.data[].id'\n"
            "llm-cp key list --prefix sk-cp-4fT9aQ          whose key is this?\n"
            "llm-cp key list --lineage key-5f0c             which keys share its policy?",
            _list,
            (
                argument("--app", metavar="APP", help="those of one application"),
                argument("--state", choices=STATES, help="those in this state"),
                argument("--prefix", metavar="TEXT", help="those that begin so"),
                argument("--lineage", metavar="KEY", help="those rotated one from another"),
                LIMIT,
            ),
        ),
        "create": Command(
            "make one, and show it this once",
            "Makes a key and prints it, this once: the key on standard output, the rest on\n"
            "standard error.",
            "llm-cp key create Production --app app-support\n"
            "KEY=$(llm-cp key create CI --app app-support --expires-at 2030-01-31T12:00:00Z)\n"
            "llm-cp key create Operators --role admin",
            _create,
            (
                argument("name", metavar="NAME", help="what people call it"),
                argument("--app", metavar="APP", help="only a key of role admin can do without"),
                argument("--role", choices=ROLES, default="service", help="(default: service)"),
                argument("--expires-at", metavar="TIME", help="RFC 3339 (default: it lasts)"),
            ),
        ),
        "get": Command(
            "show one", "Shows a key, without itself.", "llm-cp key get key-5f0c", _get, (_ID,)
        ),
        "rotate": Command(
            "replace one, with an overlap",
            "Makes a key of the same application, role, name and expiry, and prints it, this\n"
            "once. The old one works on for the overlap. Both are of one lineage: policy, what\n"
            "was counted and spent, and usage are the same for both.",
            "llm-cp key rotate key-5f0c                     a day to change over\n"
            "llm-cp key rotate key-5f0c --overlap 0         the old one ends at once",
            _rotate,
            (
                _ID,
                argument(
                    "--overlap",
                    type=int,
                    metavar="SECONDS",
                    help="for how long the old key works on (default: a day)",
                ),
                FORCE,
            ),
        ),
        "revoke": Command(
            "end one",
            "Ends a key, from the next request on and for good. Asks first on a terminal.",
            "llm-cp key revoke key-5f0c\nllm-cp key revoke key-5f0c --yes",
            _revoke,
            (_ID, YES, FORCE),
            has_json=False,
        ),
    },
)
