"""What the environment says of one synthesis, beside the data of the stages.

ONLY_STAGE leaves the other stages out. COMPUTE (function or service) and ALARM_EMAILS (separated by
commas) are in place of what the stage says. FIRST_DEPLOYMENT=1 leaves out what would keep a
deployment that failed from being repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from infra.stages import STAGES, Compute, Stage


class DeploymentError(Exception):
    """A stage cannot be synthesised or deployed; the message is one sentence for the operator."""


def chosen_stages(environment: Mapping[str, str]) -> list[Stage]:
    """The stages to synthesise. Raises DeploymentError."""
    only = environment.get("ONLY_STAGE")
    if only and only not in STAGES:
        raise DeploymentError(f"There is no stage {only!r}: name one of {', '.join(STAGES)}.")
    stages = [STAGES[only]] if only else list(STAGES.values())
    return [_told(stage, environment) for stage in stages]


def _told(stage: Stage, environment: Mapping[str, str]) -> Stage:
    emails = tuple(
        address.strip()
        for address in environment.get("ALARM_EMAILS", "").split(",")
        if address.strip()
    )
    told = replace(
        stage,
        compute=_compute(environment) or stage.compute,
        alarm_emails=emails or stage.alarm_emails,
        first_deployment=environment.get("FIRST_DEPLOYMENT") == "1",
    )
    if told.datadog and told.compute == "service":
        raise DeploymentError(
            f"Datadog is for the function alone: {told.prefix} may have it with COMPUTE=function."
        )
    if told.alarms == "all" and not told.alarm_emails:
        raise DeploymentError(
            f"The alarms of {told.prefix} would reach nobody: set ALARM_EMAILS to an address, or "
            "alarm_emails in infra/stages.py."
        )
    return told


def _compute(environment: Mapping[str, str]) -> Compute | None:
    match environment.get("COMPUTE", ""):
        case "":
            return None
        case "function" | "service" as compute:
            return compute
    raise DeploymentError("COMPUTE is 'function' or 'service'.")
