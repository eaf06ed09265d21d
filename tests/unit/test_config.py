"""A missing or wrong setting is one sentence that names it and never shows a secret."""

import pytest

from controlplane.config import Settings, WaitSettings, cli_settings
from controlplane.errors import ConfigurationError
from controlplane.providers.registry import VARIABLES

GOOD = {
    "DATABASE_URL": "postgresql://user:hunter2@127.0.0.1/db",
    "REDIS_URL": "redis://127.0.0.1:6379",
    "AUDIT_QUEUE_URL": "http://127.0.0.1:5000/queue",
    "AUDIT_BUCKET": "audit",
    "LLM_CP_KEY_PEPPER": "pepper-hunter2",
    "OPENAI_API_KEY": "sk-hunter2",
}


def test_a_good_environment_loads_with_defaults() -> None:
    settings = Settings.load(VARIABLES, GOOD)
    assert settings.stage == "local"
    assert settings.redis_timeout_ms == 50
    assert settings.waits == WaitSettings(collected=27, whole_answer=900, heartbeat=15)
    assert settings.providers["openai"].base_url == "https://api.openai.com/v1"
    assert settings.providers_secret is None
    assert "hunter2" not in repr(settings)


def test_in_aws_secrets_have_their_place() -> None:
    env = {name: GOOD[name] for name in ("REDIS_URL", "AUDIT_QUEUE_URL", "AUDIT_BUCKET")}
    settings = Settings.load(
        VARIABLES, env | {"LLM_CP_STAGE": "prod", "AURORA_SECRET_ARN": "arn:aws:x"}
    )
    assert settings.providers_secret == "/llm-cp/prod/providers"
    assert settings.key_pepper_secret == "/llm-cp/prod/key-pepper"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"REDIS_URL": "localhost:6379"}, "REDIS_URL"),
        ({"AUDIT_QUEUE_URL": " "}, "AUDIT_QUEUE_URL"),
        ({"AUDIT_BUCKET": ""}, "AUDIT_BUCKET"),
        ({"LLM_CP_STAGE": "moon"}, "LLM_CP_STAGE"),
        ({"LLM_CP_KEY_PEPPER": ""}, "LLM_CP_KEY_PEPPER"),
        ({"LLM_CP_REDIS_TIMEOUT_MS": "fast"}, "LLM_CP_REDIS_TIMEOUT_MS"),
        ({"LLM_CP_REDIS_TIMEOUT_MS": "0"}, "LLM_CP_REDIS_TIMEOUT_MS"),
        ({"LLM_CP_COLLECTED_SECONDS": "1"}, "LLM_CP_COLLECTED_SECONDS"),
        ({"LLM_CP_WHOLE_ANSWER_SECONDS": "901"}, "LLM_CP_WHOLE_ANSWER_SECONDS"),
        ({"LLM_CP_HEARTBEAT_SECONDS": "0"}, "LLM_CP_HEARTBEAT_SECONDS"),
        ({"LLM_CP_PROVIDERS": "{"}, "LLM_CP_PROVIDERS"),
        ({"LLM_CP_PROVIDERS": '{"x": {"kind": "magic"}}'}, "LLM_CP_PROVIDERS"),
        ({"LLM_CP_PROVIDERS": '{"x": {"kind": "openai", "api_key": "k"}}'}, "base_url"),
        ({"LLM_CP_OPENAI_URL": "http://example.com/v1"}, "openai"),
        ({"AZURE_OPENAI_API_KEY": "k"}, "AZURE_OPENAI_ENDPOINT"),
        ({"COGNITO_USER_POOL_ID": "pool"}, "COGNITO_CLIENT_IDS"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.load(VARIABLES, GOOD | changes)
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_loopback_is_only_for_the_local_stage() -> None:
    url = {"LLM_CP_OPENAI_URL": "http://127.0.0.1:9/v1"}
    assert (
        Settings.load(VARIABLES, GOOD | url).providers["openai"].base_url == "http://127.0.0.1:9/v1"
    )
    with pytest.raises(ConfigurationError, match="https"):
        Settings.load(VARIABLES, GOOD | url | {"LLM_CP_STAGE": "prod"})


def test_named_providers_are_rows() -> None:
    row = '{"vllm": {"kind": "openai", "base_url": "https://gpu/v1", "api_key": "k"}}'
    providers = Settings.load(VARIABLES, GOOD | {"LLM_CP_PROVIDERS": row}).providers
    assert (providers["vllm"].kind, providers["vllm"].base_url) == ("openai", "https://gpu/v1")


def test_the_command_line_reads_an_address_and_a_token() -> None:
    settings = cli_settings({"LLM_CP_URL": " http://127.0.0.1:1 ", "LLM_CP_ADMIN_TOKEN": "hunter2"})
    assert (settings.url, settings.token) == ("http://127.0.0.1:1", "hunter2")
    assert "hunter2" not in repr(settings)
    empty = cli_settings({"LLM_CP_URL": "", "DATABASE_URL": "x"})
    assert (empty.url, empty.token) == (None, None)
