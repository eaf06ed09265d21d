"""The container over real parts: addresses and keys out of Secrets Manager, and what is down."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url
from tests.aws import client

from controlplane.config import Settings
from controlplane.errors import ConfigurationError
from controlplane.wiring import Container


def put_secret(settings: Settings, value: Any, name: str | None = None) -> str:
    name = name or f"/test/{uuid.uuid4().hex}"
    text = value if isinstance(value, str) else json.dumps(value)
    client("secretsmanager", settings).create_secret(Name=name, SecretString=text)
    return name


async def test_the_address_of_the_database_comes_from_the_secret_of_aurora(
    settings: Settings,
) -> None:
    row = {
        "username": "llm cp",
        "password": "p@ss/word:?#[]%20",
        "host": "db.cluster.example",
        "port": 5432,
        "dbname": "llmcp",
    }
    secret = put_secret(settings, row)
    container = Container(replace(settings, database_url=None, aurora_secret_arn=secret))
    url = make_url(await container.database_address.current())
    assert (url.username, url.password) == (row["username"], row["password"])
    assert (url.host, url.port, url.database) == ("db.cluster.example", 5432, "llmcp")
    assert url.query["sslmode"] == "require"


@pytest.mark.parametrize("value", ["no json", "[]", {"username": "u"}])
async def test_a_secret_of_another_shape_is_one_sentence(settings: Settings, value: Any) -> None:
    secret = put_secret(settings, value)
    container = Container(replace(settings, database_url=None, aurora_secret_arn=secret))
    with pytest.raises(ConfigurationError) as caught:
        await container.database_address.current()
    assert str(caught.value).endswith(".")


async def test_a_missing_secret_is_named(settings: Settings) -> None:
    container = Container(replace(settings, database_url=None, aurora_secret_arn="/nowhere"))
    with pytest.raises(ConfigurationError, match="/nowhere"):
        await container.database_address.current()


async def test_providers_and_pepper_come_from_their_secrets(settings: Settings) -> None:
    providers = {
        "OPENAI_API_KEY": "sk-one",
        "AZURE_OPENAI_API_KEY": "two",
        "AZURE_OPENAI_ENDPOINT": "https://resource.openai.azure.com",
        "LLM_CP_PROVIDERS": {
            "vllm": {"kind": "openai", "base_url": "https://gpu.example/v1", "api_key": "three"}
        },
    }
    in_aws = replace(
        settings,
        stage="sandbox",
        key_pepper=None,
        providers_secret=put_secret(settings, providers),
        key_pepper_secret=put_secret(settings, "pepper"),
    )
    container = Container(in_aws)
    assert set(await container.providers.current()) == {"openai", "azure", "vllm"}
    same = Container(replace(settings, key_pepper="pepper"))
    hasher, expected = await container.key_hasher.current(), await same.key_hasher.current()
    assert hasher.hash("x") == expected.hash("x")
    await container.http.aclose()


async def test_a_provider_in_a_secret_must_be_https(settings: Settings) -> None:
    secret = put_secret(
        settings, {"OPENAI_API_KEY": "k", "LLM_CP_OPENAI_URL": "http://127.0.0.1:9/v1"}
    )
    container = Container(replace(settings, stage="prod", providers_secret=secret))
    with pytest.raises(ConfigurationError, match="https"):
        await container.providers.current()


async def test_readiness_names_what_is_down(settings: Settings) -> None:
    container = Container(settings)
    parts = {"postgresql": "ok", "redis": "ok", "queue": "ok"}
    assert await container.readiness.check(wake=True) == parts
    await container.database.close()
    await container.redis.close()
    broken = Container(
        replace(
            settings,
            database_url="postgresql://u@127.0.0.1:1/d",
            redis_url="redis://127.0.0.1:1",
            audit_queue_url=settings.audit_queue_url + "-gone",
        )
    )
    parts = {"postgresql": "down", "redis": "down", "queue": "down"}
    assert await broken.readiness.check(wake=True) == parts
