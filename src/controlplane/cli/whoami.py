"""`llm-cp whoami`: whom the gateway takes the token for."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command
from controlplane.cli.session import Session

PATH = "/admin/v1/whoami"


def _whoami(_arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(PATH)
    own = response.body
    fields = {
        "gateway": session.gateway.url,
        "organisation": own.get("organization_id"),
        "role": own.get("role"),
        "application": own.get("application_id"),
        "credential": own.get("subject"),
    }
    return session.show_fields(fields, response)


COMMAND = Command(
    "show your organisation, role and credential",
    "Shows which gateway is asked, and what it takes your token for: organisation, role,\n"
    "application and credential (key:<id> or user:<sub>, as records and changes name it).",
    "llm-cp whoami\n"
    "llm-cp whoami --json | jq -r .role\n"
    'llm-cp whoami --token "$OPENAI_API_KEY"         whose key is this?',
    _whoami,
)
