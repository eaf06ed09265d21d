"""Detectors of secrets. First formats that name their issuer, so that ordinary text has none.

Formats are the issuers' own or those of https://github.com/gitleaks/gitleaks and
https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns.
The examples are put together from pieces: no scanner shall take this file for a leak.
"""

from __future__ import annotations

from controlplane.screening import credentials
from controlplane.screening.detector import Detector

_ALNUM = "aB3dE6gH9j"
_HEX = "0a1b2c3d4e5f6789"


def _secret(name: str, pattern: str, *matches: str, ignores: tuple[str, ...] = ()) -> Detector:
    return Detector(name, "secret", "secrets", pattern, matches, ignores)


_LLM_PROVIDERS = (
    _secret(
        "openai_api_key",
        r"\bsk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20,})",
        "sk-" + _ALNUM * 2 + "T3BlbkFJ" + _ALNUM * 2,
        "sk-proj-" + _ALNUM * 10 + "-_" + _ALNUM,
        "key=sk-svcacct-" + _ALNUM * 4,
        ignores=("sk-short", "task-" + _ALNUM * 3, "sk-some-words-with-dashes-in-a-row"),
    ),
    _secret(
        "anthropic_api_key",
        r"\bsk-ant-[A-Za-z0-9_-]{20,}",
        "sk-ant-api03-" + _ALNUM * 9 + "-_AA",
        "sk-ant-admin01-" + _ALNUM * 9,
        ignores=("sk-ant-", "sk-ant-api03"),
    ),
    _secret(
        "llm_cp_api_key",
        r"\bsk-cp-[A-Za-z0-9_-]{20,}",
        "Bearer sk-cp-" + _ALNUM * 5,
        ignores=("sk-cp-...", "sk-cp-<key>"),
    ),
    _secret(
        "openrouter_api_key",
        r"\bsk-or-(?:v1-)?[A-Za-z0-9]{32,}",
        "sk-or-v1-" + _HEX * 4,
        ignores=("sk-or-v1-",),
    ),
    _secret(
        "google_api_key",
        r"\bAIza[A-Za-z0-9_-]{35}",
        "AIza" + "Sy" + _ALNUM * 3 + "-_9",
        ignores=("AIzaSy",),
    ),
    _secret("groq_api_key", r"\bgsk_[A-Za-z0-9]{40,}", "gsk_" + _ALNUM * 5 + "aB"),
    _secret("xai_api_key", r"\bxai-[A-Za-z0-9]{60,}", "xai-" + _ALNUM * 8),
    _secret("perplexity_api_key", r"\bpplx-[A-Za-z0-9]{40,}", "pplx-" + _ALNUM * 5),
    _secret("replicate_api_token", r"\br8_[A-Za-z0-9]{37}", "r8_" + _ALNUM * 3 + "aB3dE6g"),
    _secret(
        "huggingface_token",
        r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}",
        "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
        ignores=("hf_hub_download", "hf_"),
    ),
    _secret("nvidia_api_key", r"\bnvapi-[A-Za-z0-9_-]{40,}", "nvapi-" + _ALNUM * 6 + "-_aB"),
    _secret("fireworks_api_key", r"\bfw_[A-Za-z0-9]{20,}", "fw_" + _ALNUM * 2 + "aB3d"),
    _secret(
        "langsmith_api_key",
        r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
        "lsv2_pt_" + _HEX * 2 + "_" + _HEX[:10],
    ),
)

_CLOUDS = (
    _secret(
        "aws_access_key_id",
        r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "id=ASIA" + "Y34FZKBOKMUTVV7A,",
        ignores=("AKIA", "AKIAIOSFODNN7EXAMPLEX", "XAKIAIOSFODNN7EXAMPLE", "akiaiosfodnn7example"),
    ),
    _secret(
        "aws_secret_access_key",
        r"(?i)(?:secret_?access_?key|aws_?secret(?:_?key)?)[^A-Za-z0-9/+\x00]{1,10}"
        r"([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
        'AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI' + '/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        "SecretAccessKey: " + _ALNUM * 4,
        ignores=("secret_access_key = os.environ['X']", "sha1 " + _HEX * 2 + _HEX[:8]),
    ),
    _secret(
        "azure_storage_key",
        r"AccountKey=([A-Za-z0-9+/]{86}==)",
        "AccountName=x;AccountKey=" + _ALNUM * 8 + "aB3dE6==;",
    ),
    _secret(
        "google_oauth_secret", r"\bGOCSPX-[A-Za-z0-9_-]{28}", "GOCSPX-" + _ALNUM * 2 + "aB3dE6-_"
    ),
    _secret("google_oauth_token", r"\bya29\.[A-Za-z0-9_-]{30,}", "ya29." + _ALNUM * 5),
    _secret("digitalocean_token", r"\bdo[opr]_v1_[0-9a-f]{64}", "dop_v1_" + _HEX * 4),
    _secret("databricks_token", r"\bdapi[0-9a-f]{32}\b", "dapi" + _HEX * 2),
    _secret("vault_token", r"\bhv[sbr]\.[A-Za-z0-9_-]{24,}", "hvs." + _ALNUM * 3),
)

_DEVELOPER_TOOLS = (
    _secret(
        "github_token",
        r"\bgh[oprsu]_[A-Za-z0-9]{36,}",
        "ghp_" + _ALNUM * 3 + "aB3dE6",
        "https://x:ghs_" + _ALNUM * 3 + "aB3dE6" + "@github.com",
        ignores=("ghp_short", "ghx_" + _ALNUM * 4),
    ),
    _secret(
        "github_fine_grained_token", r"\bgithub_pat_[A-Za-z0-9_]{22,}", "github_pat_" + _ALNUM * 8
    ),
    _secret(
        "gitlab_token",
        r"\bgl(?:pat|dt|rt|ptt|ft|soat|imt|agent|cbt|oas)-[A-Za-z0-9_-]{20,}",
        "glpat-" + _ALNUM * 2,
        "glrt-" + _ALNUM * 2,
        ignores=("glpat-",),
    ),
    _secret(
        "npm_token",
        r"\bnpm_[A-Za-z0-9]{36}",
        "npm_" + _ALNUM * 3 + "aB3dE6",
        ignores=("npm_config_user",),
    ),
    _secret("pypi_token", r"\bpypi-[A-Za-z0-9_-]{50,}", "pypi-AgEIcHlwaS5vcmc" + _ALNUM * 6),
    _secret(
        "docker_token",
        r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}",
        "dckr_pat_" + _ALNUM * 2 + "aB3dE6g",
    ),
    _secret("linear_api_key", r"\blin_api_[A-Za-z0-9]{40}", "lin_api_" + _ALNUM * 4),
    _secret("atlassian_token", r"\bATATT3[A-Za-z0-9_=-]{100,}", "ATATT3" + _ALNUM * 18),
    _secret(
        "grafana_token",
        r"\bglsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}",
        "glsa_" + _ALNUM * 3 + "aB_" + _HEX[:8],
    ),
    _secret("sentry_token", r"\bsntry[su]_[A-Za-z0-9+/=_-]{50,}", "sntrys_" + _ALNUM * 6),
    _secret(
        "postman_api_key",
        r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}",
        "PMAK-" + _HEX + _HEX[:8] + "-" + _HEX * 2 + "ab",
    ),
)

_SERVICES = (
    _secret(
        "slack_token",
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{20,}",
        "xox" + "b-123456789012-123456789012-" + _ALNUM * 2,
        "xapp-1-A0B1C2D3E4-" + _ALNUM * 3,
        ignores=("xoxo", "xoxb-"),
    ),
    _secret(
        "slack_webhook",
        r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]{20,})",
        "https://hooks.slack.com/services/" + "T00000000/B00000000/" + _ALNUM * 2 + "aB3d",
    ),
    _secret(
        "stripe_key",
        r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/]{24,}",
        "sk_" + "live_" + _ALNUM * 3,
        "rk_" + "test_" + _ALNUM * 3,
        "whsec_" + _ALNUM * 3,
        ignores=("pk_" + "live_" + _ALNUM * 3, "sk_test_"),
    ),
    _secret(
        "sendgrid_api_key",
        r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        "SG." + _ALNUM * 2 + "aB." + _ALNUM * 4 + "aB3",
    ),
    _secret(
        "twilio_api_key",
        r"\bSK[0-9a-f]{32}\b",
        "SK" + _HEX * 2,
        ignores=("AC" + _HEX * 2, "SK" + _HEX * 4),
    ),
    _secret("mailgun_api_key", r"\bkey-[0-9a-f]{32}\b", "key-" + _HEX * 2),
    _secret("mailchimp_api_key", r"\b[0-9a-f]{32}-us\d{1,2}\b", _HEX * 2 + "-us21"),
    _secret("shopify_token", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", "shpat_" + _HEX * 2),
    _secret(
        "telegram_bot_token", r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}", "123456789:AA" + _ALNUM * 3 + "aB3"
    ),
    _secret(
        "discord_webhook",
        r"discord(?:app)?\.com/api/webhooks/(\d+/[A-Za-z0-9_-]{60,})",
        "https://discord.com/api/webhooks/123456789012345678/" + _ALNUM * 7,
    ),
)

DETECTORS = (*_LLM_PROVIDERS, *_CLOUDS, *_DEVELOPER_TOOLS, *_SERVICES, *credentials.DETECTORS)
