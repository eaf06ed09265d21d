"""cdk-nag's findings that stand, each with its reason, beside the resource they are about."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Let findings of the AwsSolutions pack stand: `{"S1": "why"}`, `{"IAM5[Resource::*]": "why"}`.

    Holds for the construct and all that is inside it.
    """
    Validations.of(construct).acknowledge(
        *(
            Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason)
            for rule, reason in findings.items()
        )
    )


def arn_in_finding(construct: IConstruct) -> str:
    """How a finding of cdk-nag spells the ARN of `construct`."""
    element = construct.node.default_child
    assert isinstance(element, CfnElement)
    return f"<{Stack.of(construct).get_logical_id(element)}.Arn>"
