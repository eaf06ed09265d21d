"""`llm-cp whoami`: whom the gateway takes the token for, and what that may still do."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controlplane.cli.budget import LIMITS
from controlplane.cli.command import Command
from controlplane.cli.errors import EXIT_OK, NotTheGateway
from controlplane.cli.session import Session

PATH = "/v1/me"


def _whoami(_arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(PATH)
    own = response.body
    if session.as_json:
        session.terminal.raw(response.text)
        return EXIT_OK
    limits, models, spent = own.get("limits"), own.get("models"), own.get("spent_usd") or {}
    if not (isinstance(limits, list) and isinstance(models, list) and isinstance(spent, Mapping)):
        raise NotTheGateway
    session.terminal.fields(
        {
            "gateway": session.gateway.url,
            "organisation": own.get("organization_id"),
            "role": own.get("role"),
            "application": own.get("application_id"),
            "credential": own.get("subject"),
            "spent today": _usd(spent.get("today")),
            "spent this month": _usd(spent.get("month")),
            "models": ", ".join(map(str, models)),
        }
    )
    if limits:
        print()
        session.terminal.table(LIMITS, limits)
    return EXIT_OK


def _usd(amount: object) -> str | None:
    return f"{amount} USD" if amount else None


COMMAND = Command(
    "show your organisation, role, credential and limits",
    "Shows which gateway is asked, and what it takes your token for: organisation, role,\n"
    "application and credential (key:<id> or user:<sub>, as records and changes name it); what\n"
    "it has spent, which models it may use, and what is left of its limits.",
    "llm-cp whoami\n"
    "llm-cp whoami --json | jq -r .role\n"
    'llm-cp whoami --token "$OPENAI_API_KEY"         whose key is this?',
    _whoami,
)
