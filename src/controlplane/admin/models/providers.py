"""Kinds of provider."""

from __future__ import annotations

from pydantic import Field

from controlplane.admin.models.model import ResponseBody, examples


class ProviderKind(ResponseBody):
    """A kind of provider, and which of it are configured."""

    model_config = examples({"kind": "openai", "configured": True, "providers": ["openai", "vllm"]})
    kind: str
    configured: bool
    providers: list[str] = Field(
        description="The configured providers of this kind, as targets of routes name them."
    )
