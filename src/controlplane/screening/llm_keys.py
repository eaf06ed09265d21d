"""Keys of model providers and of what stands around them: what a gateway meets most."""

from __future__ import annotations

from controlplane.screening.detector import secret

_ALNUM = "aB3dE6gH9j"
_HEX = "0a1b2c3d4e5f6789"

DETECTORS = (
    # https://platform.openai.com/docs/api-reference/authentication
    secret(
        "openai_api_key",
        r"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20,})",
        "sk-" + _ALNUM * 2 + "T3BlbkFJ" + _ALNUM * 2,
        "sk-proj-" + _ALNUM * 10 + "-_" + _ALNUM,
        "key=sk-svcacct-" + _ALNUM * 4,
        ignores=(
            "sk-short",
            "task-" + _ALNUM * 3,
            "sk-some-words-with-dashes-in-a-row",
            "sk-" + "x" * 40,
            "sk-proj-your-api-key-goes-here",
        ),
    ),
    # https://docs.anthropic.com/en/api/overview
    secret(
        "anthropic_api_key",
        r"sk-ant-[A-Za-z0-9_-]{20,}",
        "sk-ant-api03-" + _ALNUM * 9 + "-_AA",
        "sk-ant-admin01-" + _ALNUM * 9,
        ignores=("sk-ant-", "sk-ant-api03"),
    ),
    # Our own: docs/ARCHITECTURE.md
    secret(
        "llm_cp_api_key",
        r"sk-cp-[A-Za-z0-9_-]{20,}",
        "Bearer sk-cp-" + _ALNUM * 5,
        ignores=("sk-cp-...", "sk-cp-<key>"),
    ),
    # https://openrouter.ai/docs/api-reference/authentication
    secret(
        "openrouter_api_key",
        r"sk-or-(?:v1-)?[A-Za-z0-9]{32,}",
        "sk-or-v1-" + _HEX * 4,
        ignores=("sk-or-v1-",),
    ),
    # https://cloud.google.com/docs/authentication/api-keys (Gemini too)
    secret(
        "google_api_key",
        r"(?:AIza[A-Za-z0-9_-]{35}|AQ\.Ab[A-Za-z0-9_-]{40,})",
        "AIza" + "Sy" + _ALNUM * 3 + "-_9",
        "AQ.Ab8RN6" + _ALNUM * 4 + "-_9",
        ignores=("AIzaSy",),
    ),
    # https://llama.developer.meta.com
    secret(
        "llama_api_key", r"LLM\|\d{14,17}\|[A-Za-z0-9_-]{20,}", "LLM|123406789012345|" + _ALNUM * 3
    ),
    # https://console.groq.com/docs/quickstart
    secret("groq_api_key", r"gsk_[A-Za-z0-9]{40,}", "gsk_" + _ALNUM * 5 + "aB"),
    # https://docs.x.ai/docs/tutorial
    secret("xai_api_key", r"xai-[A-Za-z0-9]{40,}", "xai-" + _ALNUM * 8),
    # https://docs.perplexity.ai/guides/getting-started; gitleaks: perplexity-api-key
    secret("perplexity_api_key", r"pplx-[A-Za-z0-9]{40,}", "pplx-" + _ALNUM * 5),
    # https://replicate.com/docs/topics/security/api-tokens
    secret("replicate_api_token", r"r8_[A-Za-z0-9]{37}", "r8_" + _ALNUM * 3 + "aB3dE6g"),
    # https://huggingface.co/docs/hub/security-tokens; gitleaks: huggingface-access-token
    secret(
        "huggingface_token",
        r"(?:hf|api_org)_[A-Za-z0-9]{30,}",
        "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
        ignores=("hf_hub_download", "hf_"),
    ),
    # https://docs.api.nvidia.com/nim/reference/llm-apis
    secret("nvidia_api_key", r"nvapi-[A-Za-z0-9_-]{40,}", "nvapi-" + _ALNUM * 6 + "-_aB"),
    # https://docs.fireworks.ai/api-reference/introduction
    secret("fireworks_api_key", r"fw_[A-Za-z0-9]{20,}", "fw_" + _ALNUM * 2 + "aB3d"),
    # https://docs.smith.langchain.com; gitleaks: langsmith
    secret(
        "langsmith_api_key",
        r"(?:lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}|ls__[0-9a-f]{32})",
        "lsv2_pt_" + _HEX * 2 + "_" + _HEX[:10],
    ),
    # https://docs.together.ai/reference/authentication
    secret("together_api_key", r"tgp_v1_[A-Za-z0-9_-]{40,}", "tgp_v1_" + _ALNUM * 4 + "-_1"),
    # https://inference-docs.cerebras.ai/quickstart
    secret("cerebras_api_key", r"csk-[a-z0-9]{40,}", "csk-" + "a1b2c3d4e5" * 5),
    # https://docs.pinecone.io/guides/projects/manage-api-keys
    secret("pinecone_api_key", r"pcsk_[A-Za-z0-9_]{50,}", "pcsk_" + _ALNUM * 6),
    # https://docs.voyageai.com/docs/api-key-and-installation
    secret("voyage_api_key", r"pa-[A-Za-z0-9_-]{40,}", "pa-" + _ALNUM * 5),
    # https://jina.ai/embeddings
    secret("jina_api_key", r"jina_[A-Za-z0-9_-]{50,}", "jina_" + _ALNUM * 6),
    # https://elevenlabs.io/docs/api-reference/authentication
    secret("elevenlabs_api_key", r"sk_[0-9a-f]{48}", "sk_" + _HEX * 3),
    # https://langfuse.com/docs: a secret key; the public one may be shown
    secret(
        "langfuse_secret_key",
        r"sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "sk-lf-" + "0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789",
    ),
    # https://wandb.ai/site: since 2025 with a prefix
    secret("wandb_api_key", r"wandb_v1_[A-Za-z0-9_-]{40,}", "wandb_v1_" + _ALNUM * 6),
    # https://docs.tavily.com/documentation/quickstart
    secret("tavily_api_key", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{30,}", "tvly-dev-" + _ALNUM * 3),
    # https://docs.firecrawl.dev/introduction
    secret("firecrawl_api_key", r"fc-[0-9a-f]{32}\b", "fc-" + _HEX * 2),
    # https://docs.cloud.llamaindex.ai/api_key
    secret("llama_cloud_api_key", r"llx-[A-Za-z0-9]{40,}", "llx-" + _ALNUM * 5),
    # https://docs.anyscale.com
    secret("anyscale_api_key", r"(?:esecret|aph0)_[A-Za-z0-9_-]{24,}", "esecret_" + _ALNUM * 3),
    # https://modal.com/docs/reference/cli/token
    secret("modal_token", r"(?:as|ak)-[A-Za-z0-9]{22}\b", "as-" + _ALNUM * 2 + "aB"),
    # https://docs.lambda.ai: secret_<name>_<32 hex>.<32>
    secret(
        "lambda_cloud_key",
        r"secret_[a-z0-9-]{1,40}_[0-9a-f]{32}\.[A-Za-z0-9]{32}",
        "secret_laptop_" + _HEX * 2 + "." + _ALNUM * 3 + "aB",
    ),
    # https://docs.runpod.io/get-started/api-keys
    secret("runpod_api_key", r"rpa_[A-Z0-9]{40,}", "rpa_" + "A1B2C3D4E5" * 4 + "ABC"),
    # https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
    secret(
        "bedrock_api_key",
        r"(?:ABSK[A-Za-z0-9+/]{100,}={0,2}|bedrock-api-key-[A-Za-z0-9+/]{40,}={0,2})",
        "ABSK" + _ALNUM * 11,
        "bedrock-api-key-" + _ALNUM * 5,
    ),
    # https://docs.helicone.ai
    secret("helicone_api_key", r"sk-helicone-[a-z0-9-]{20,}", "sk-helicone-" + "a1b2c3d-" * 4),
    # https://docs.friendli.ai
    secret("friendli_token", r"flp_[A-Za-z0-9]{40,}", "flp_" + _ALNUM * 5),
    # https://www.braintrust.dev/docs
    secret("braintrust_api_key", r"sk-bt-[A-Za-z0-9]{20,}", "sk-bt-" + _ALNUM * 4),
    # https://docs.apify.com/platform/integrations/api
    secret("apify_token", r"apify_api_[A-Za-z0-9]{30,}", "apify_api_" + _ALNUM * 3 + "aB3dE6"),
)
