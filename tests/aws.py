"""A client of the emulated AWS for what tests set up: its calls are not those of what is tested."""

from __future__ import annotations

from typing import Any

import boto3

from controlplane.config import Settings


def client(service: str, settings: Settings) -> Any:
    """A boto3 client with the credentials of the tests."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=settings.region,
        endpoint_url=settings.aws_endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
