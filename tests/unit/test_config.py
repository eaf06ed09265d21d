"""A missing or wrong setting is one sentence that names it and never shows a secret."""

import json
from typing import Any

import pytest

from controlplane.config import ProviderSettings, Settings, WaitSettings, cli_settings
from controlplane.config.provider_rows import PRICE_LISTS
from controlplane.errors import ConfigurationError
from controlplane.providers.registry import SETTINGS

GOOD = {
    "DATABASE_URL": "postgresql://user:hunter2@127.0.0.1/db",
    "REDIS_URL": "redis://127.0.0.1:6379",
    "AUDIT_QUEUE_URL": "http://127.0.0.1:5000/queue",
    "AUDIT_BUCKET": "audit",
    "LLM_CP_KEY_PEPPER": "pepper-hunter2",
    "OPENAI_API_KEY": "sk-hunter2",
}


def test_a_good_environment_loads_with_defaults() -> None:
    settings = Settings.load(SETTINGS, GOOD)
    assert settings.stage == "local"
    assert settings.redis_timeout_ms == 50
    assert settings.waits == WaitSettings(collected=27, whole_answer=900, heartbeat=15)
    assert settings.providers["openai"].base_url == "https://api.openai.com/v1"
    assert settings.providers_secret is None
    assert "hunter2" not in repr(settings)


def test_in_aws_secrets_have_their_place() -> None:
    env = {name: GOOD[name] for name in ("REDIS_URL", "AUDIT_QUEUE_URL", "AUDIT_BUCKET")}
    settings = Settings.load(
        SETTINGS, env | {"LLM_CP_STAGE": "prod", "AURORA_SECRET_ARN": "arn:aws:x"}
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
        ({"LLM_CP_AUDIT_TIMEOUT_MS": "1.5"}, "LLM_CP_AUDIT_TIMEOUT_MS"),
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
        Settings.load(SETTINGS, GOOD | changes)
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_loopback_is_only_for_the_local_stage() -> None:
    url = {"LLM_CP_OPENAI_URL": "http://127.0.0.1:9/v1"}
    assert (
        Settings.load(SETTINGS, GOOD | url).providers["openai"].base_url == "http://127.0.0.1:9/v1"
    )
    with pytest.raises(ConfigurationError, match="https"):
        Settings.load(SETTINGS, GOOD | url | {"LLM_CP_STAGE": "prod"})


def test_named_providers_are_rows() -> None:
    row = '{"vllm": {"kind": "openai", "base_url": "https://gpu/v1", "api_key": "k"}}'
    providers = Settings.load(SETTINGS, GOOD | {"LLM_CP_PROVIDERS": row}).providers
    assert (providers["vllm"].kind, providers["vllm"].base_url) == ("openai", "https://gpu/v1")


@pytest.mark.parametrize(
    ("base_url", "row", "field"),
    [
        ("https://gpu/v1", {}, "max_tokens"),
        ("https://openai.com.example.com/v1", {}, "max_tokens"),
        ("https://api.openai.com/v1", {}, None),
        ("https://eu.api.openai.com/v1", {}, None),
        ("https://gpu/v1", {"max_tokens_field": "max_completion_tokens"}, "max_completion_tokens"),
        ("https://api.openai.com/v1", {"max_tokens_field": "max_tokens"}, "max_tokens"),
    ],
)
def test_a_compatible_server_is_bounded_by_the_field_that_all_know(
    base_url: str, row: dict[str, str], field: str | None
) -> None:
    loaded = provider_row({"base_url": base_url, **row})
    assert (loaded.max_tokens_field, loaded.stream_options) == (field, True)
    assert loaded.api_key == ""


@pytest.mark.parametrize(
    ("row", "protocols"),
    [
        ({"base_url": "https://gpu/v1"}, ("chat_completions", "embeddings")),
        ({"base_url": "https://api.openai.com/v1"}, ()),
        ({"kind": "azure", "base_url": "https://x.openai.azure.com"}, ()),
        ({"kind": "azure", "base_url": "https://proxy.example.com"}, ()),
        ({"kind": "anthropic", "base_url": "https://proxy.example.com"}, ()),
        ({"protocols": ["responses", "chat_completions"]}, ("responses", "chat_completions")),
        ({"protocols": ["responses", "responses"]}, ("responses",)),
    ],
)
def test_a_row_says_what_its_server_speaks(row: dict[str, Any], protocols: tuple[str, ...]) -> None:
    assert provider_row(row).protocols == protocols


def test_a_row_says_what_its_server_does_not_take() -> None:
    loaded = provider_row({"stream_options": False, "unsupported_params": ["seed", "user"]})
    assert not loaded.stream_options
    assert loaded.unsupported_params == {"seed", "user"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"api_key": ""}, "'x' has an empty api_key: leave it out where the server wants none."),
        ({"api_key": 7}, "'x' has an empty api_key: leave it out where the server wants none."),
        (
            {"max_tokens_field": "tokens"},
            "'x' has a max_tokens_field that is not max_tokens or max_completion_tokens.",
        ),
        ({"stream_options": "no"}, "'x' has 'stream_options' that is not true or false."),
        ({"allow_http": 1}, "'x' has 'allow_http' that is not true or false."),
        ({"unsupported_params": "n"}, "'x' has unsupported_params that are not an array of names."),
        (
            {"unsupported_params": ["messages"]},
            "'x' has unsupported_params with 'messages', which every call needs.",
        ),
        (
            {"kind": "anthropic", "max_tokens_field": "max_tokens"},
            "'x' has a setting 'max_tokens_field', and this kind has kind, base_url, api_key, "
            "api_version, allow_http, prices only.",
        ),
        (
            {"alow_http": True},
            "'x' has a setting 'alow_http', and this kind has kind, base_url, api_key, "
            "api_version, allow_http, prices, max_tokens_field, protocols, stream_options, "
            "unsupported_params only.",
        ),
        *(
            (
                {"protocols": protocols},
                "'x' has protocols that are not an array of one or more of chat_completions, "
                "responses, embeddings.",
            )
            for protocols in ("responses", [], ["messages"], [7], [["responses"]], None)
        ),
        *(
            (
                {"prices": prices},
                f"'x' has prices that are not one of the lists {', '.join(PRICE_LISTS)}.",
            )
            for prices in ("mine", "", 7, ["openai"])
        ),
        ({"base_url": ""}, "'x' has no base_url."),
    ],
)
def test_each_fault_of_a_row_is_one_sentence(row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        provider_row(row)
    assert str(caught.value) == f"LLM_CP_PROVIDERS: {sentence}"


@pytest.mark.parametrize("text", ["[]", "7", '{"x": 7}', '{"x": null}'])
def test_rows_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="LLM_CP_PROVIDERS"):
        Settings.load(SETTINGS, GOOD | {"LLM_CP_PROVIDERS": text})


PRIVATE = (
    *("127.0.0.1", "127.8.9.1", "[::1]", "10.0.0.9", "172.16.0.1", "172.31.255.1", "192.168.1.2"),
    *("[fd00::7]", "[::ffff:10.0.0.1]", "localhost", "ollama", "gpu-1", "a.b.internal"),
    *("vllm.default.svc.cluster.local", "nas.home.arpa", "OLLAMA.Internal"),
)
PUBLIC = (
    *("8.8.8.8", "172.32.0.1", "172.15.0.1", "192.169.0.1", "11.0.0.1", "100.64.0.1", "0.0.0.0"),
    *("169.254.169.254", "[fe80::1]", "[2001:db8::1]", "[::ffff:8.8.8.8]", "[::]"),
    *("example.com", "internal.example.com", "10.0.0.1.example.com", "localhost.example.com"),
    *("134744072", "0x08080808", "08.8.8.8", "10.0.0.1@example.com", "example.local."),
    "xlocal.com",
)


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("stage", ["local", "prod"])
def test_plain_http_may_lead_into_a_private_network(host: str, stage: str) -> None:
    row = {"base_url": f"http://{host}:8000/v1", "allow_http": True}
    assert provider_row(row, stage).base_url == row["base_url"]


@pytest.mark.parametrize("host", PUBLIC)
def test_plain_http_leads_nowhere_else(host: str) -> None:
    row = {"base_url": f"http://{host}:8000/v1", "allow_http": True}
    with pytest.raises(ConfigurationError, match="'x' must start with https://"):
        provider_row(row, "prod")


@pytest.mark.parametrize("host", PRIVATE)
def test_plain_http_has_to_be_allowed(host: str) -> None:
    with pytest.raises(ConfigurationError, match="'x' must start with https://"):
        provider_row({"base_url": f"http://{host}:8000/v1"}, "prod")


@pytest.mark.parametrize("url", ["ftp://10.0.0.1/v1", "10.0.0.1/v1", "http:///v1", "https://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="'x'"):
        provider_row({"base_url": url, "allow_http": True})


def provider_row(row: dict[str, Any], stage: str = "local") -> ProviderSettings:
    """The provider `x` of a row, of the kind openai and at an address unless the row says so."""
    whole = {"kind": "openai", "base_url": "https://gpu/v1"} | row
    env = GOOD | {"LLM_CP_PROVIDERS": json.dumps({"x": whole})}
    if stage != "local":
        env |= {"LLM_CP_STAGE": stage, "AURORA_SECRET_ARN": "arn:aws:x"}
    return Settings.load(SETTINGS, env).providers["x"]


def test_the_command_line_reads_an_address_and_a_token() -> None:
    settings = cli_settings({"LLM_CP_URL": " http://127.0.0.1:1 ", "LLM_CP_ADMIN_TOKEN": "hunter2"})
    assert (settings.url, settings.token) == ("http://127.0.0.1:1", "hunter2")
    assert "hunter2" not in repr(settings)
    empty = cli_settings({"LLM_CP_URL": "", "DATABASE_URL": "x"})
    assert (empty.url, empty.token) == (None, None)
