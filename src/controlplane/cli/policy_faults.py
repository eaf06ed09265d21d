"""What is wrong with a policy document: the gateway's own rules, asked without a gateway."""

from __future__ import annotations

from controlplane.cli.command import CommandError
from controlplane.domain.body import parse_object
from controlplane.errors import InvalidRequest
from controlplane.policy.document import parse_policy
from controlplane.policy.shape import InvalidPolicy


def faults_of(raw: bytes) -> list[dict[str, str]]:
    """`{"field", "fault"}` of every fault. Raises CommandError for what is no JSON object."""
    try:
        parse_policy(parse_object(raw))
    except InvalidPolicy as error:
        return [{"field": field, "fault": fault} for field, fault in error.errors]
    except InvalidRequest as error:
        raise CommandError(error.message.replace("The request body", "The file")) from None
    return []
