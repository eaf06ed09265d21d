"""Prices: US dollars per million tokens, to the micro-dollar, as decimal strings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from controlplane.admin.models.model import RequestBody, ResponseBody, examples, fault, told
from controlplane.admin.models.pages import NOT_A_CURSOR, PageQuery

Source = Literal["own", "list"]
# A JSON number is a float to most programs: 0.1 is not what it says there.
Amount = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$"),
    told(
        'must be US dollars per million tokens as a string such as "2.50", below 1,000,000 and '
        "with at most six decimals"
    ),
]
_USD = "US dollars per million tokens."
_OPTIONAL = (
    "US dollars per million tokens of the input that were read from a cache, or written to it; as "
    "`input` where null."
)
_AMOUNTS: dict[str, Any] = {"input": "2.50", "output": "10.00", "cached": "1.25"}


class PriceDocument(RequestBody):
    """The price of a model. It may repeat what a read returns beside that."""

    model_config = examples(_AMOUNTS)
    input: Amount = Field(description=_USD)
    output: Amount = Field(description=_USD)
    cached: Amount | None = Field(default=None, description=_OPTIONAL)
    cache_write: Amount | None = Field(default=None, description=_OPTIONAL)
    provider: str | None = Field(default=None, description="As in the address; may be left out.")
    model: str | None = Field(default=None, description="As in the address; may be left out.")
    source: Source | None = Field(default=None, description="As it was read; may be left out.")


class PriceShown(ResponseBody):
    """The price of a model."""

    model_config = examples(
        {
            "provider": "openai",
            "model": "gpt-5.5",
            **_AMOUNTS,
            "cache_write": None,
            "source": "own",
        }
    )
    provider: str
    model: str
    input: str = Field(description=_USD)
    output: str = Field(description=_USD)
    cached: str | None = Field(description=_OPTIONAL)
    cache_write: str | None = Field(description=_OPTIONAL)
    source: Source = Field(description="`own`: the organisation's; `list`: the price list's.")


class PriceQuery(PageQuery):
    """A page of own prices."""

    @property
    def after(self) -> tuple[str, str] | None:
        """The provider and model behind which the page begins."""
        if self.cursor is None:
            return None
        provider, _, model = self.cursor.partition("/")
        return provider, model

    @field_validator("cursor")
    @classmethod
    def _is_place(cls, cursor: str | None) -> str | None:
        if cursor is not None and "/" not in cursor:
            raise fault(NOT_A_CURSOR)
        return cursor
