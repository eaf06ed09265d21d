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
Fee = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,9})?$"),
    told(
        'must be US dollars as a string such as "0.01", below 1,000,000 and with at most nine '
        "decimals"
    ),
]
Factor = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$"),
    told('must be a factor as a string such as "1.1"'),
]
Name = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$"),
    told("must be a name of a-z, 0-9, _, . and -"),
]
Tokens = Annotated[
    str, Field(pattern=r"^[1-9][0-9]{0,8}$"), told('must be a number of tokens such as "200000"')
]
_MOST_NAMES = 32
_USD = "US dollars per million tokens."
_OPTIONAL = (
    "US dollars per million tokens of the input that were read from a cache, or written to it; as "
    "`input` where null."
)
_HOUR = "The same of what was written to be kept for an hour; twice `input` where null."
_AUDIO = "US dollars per million tokens of audio; a cost with audio is unknown where null."
_PICTURES = "US dollars per million tokens of pictures; as `input` where null."
_MADE = "The same of pictures that the model makes; a cost with them is unknown where null."
_REQUEST = "US dollars for each request, beside its tokens."
_CALLS = "US dollars for a call of a tool that the provider runs, by the tool's name."
_TIERS = "The prices of other service tiers, by the tier's name: `flex`, `priority`, `batch`."
_REGIONS = "Factors on the price of tokens, by `inference_geo`."
_ABOVE = "The prices of all tokens of a prompt that is longer than so many tokens."
_ADDED = "Tokens that the provider itself may add to a prompt; what a request can cost counts them."
_ALWAYS = "The call of `calls` that each request makes, asked for or not."
_AMOUNTS: dict[str, Any] = {"input": "2.50", "output": "10.00", "cached": "1.25"}


class TokenPrices(RequestBody):
    """The prices of tokens."""

    input: Amount = Field(description=_USD)
    output: Amount = Field(description=_USD)
    cached: Amount | None = Field(default=None, description=_OPTIONAL)
    cache_write: Amount | None = Field(default=None, description=_OPTIONAL)
    cache_write_hour: Amount | None = Field(default=None, description=_HOUR)
    audio_input: Amount | None = Field(default=None, description=_AUDIO)
    audio_output: Amount | None = Field(default=None, description=_AUDIO)
    image_input: Amount | None = Field(default=None, description=_PICTURES)
    image_output: Amount | None = Field(default=None, description=_MADE)


class TierPrices(TokenPrices):
    """The prices of tokens in one service tier."""

    above: dict[Tokens, TokenPrices] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description=_ABOVE
    )


class PriceDocument(TierPrices):
    """The price of a model. It may repeat what a read returns beside that."""

    model_config = examples(
        _AMOUNTS,
        {
            **_AMOUNTS,
            "calls": {"web_search": "0.01"},
            "tiers": {"flex": {"input": "1.25", "output": "5.00"}},
        },
    )
    request: Fee | None = Field(default=None, description=_REQUEST)
    added_input: int = Field(default=0, ge=0, le=10_000_000, description=_ADDED)
    always: Name | None = Field(default=None, description=_ALWAYS)
    calls: dict[Name, Fee] = Field(default_factory=dict, max_length=_MOST_NAMES, description=_CALLS)
    tiers: dict[Name, TierPrices] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description=_TIERS
    )
    regions: dict[Name, Factor] = Field(
        default_factory=dict, max_length=_MOST_NAMES, description=_REGIONS
    )
    provider: str | None = Field(default=None, description="As in the address; may be left out.")
    model: str | None = Field(default=None, description="As in the address; may be left out.")
    source: Source | None = Field(default=None, description="As it was read; may be left out.")


class TokenPricesShown(ResponseBody):
    """The prices of tokens; what is left out is as where it is null."""

    input: str = Field(description=_USD)
    output: str = Field(description=_USD)
    cached: str | None = Field(default=None, description=_OPTIONAL)
    cache_write: str | None = Field(default=None, description=_OPTIONAL)
    cache_write_hour: str | None = Field(default=None, description=_HOUR)
    audio_input: str | None = Field(default=None, description=_AUDIO)
    audio_output: str | None = Field(default=None, description=_AUDIO)
    image_input: str | None = Field(default=None, description=_PICTURES)
    image_output: str | None = Field(default=None, description=_MADE)


class TierPricesShown(TokenPricesShown):
    """The prices of tokens in one service tier."""

    above: dict[str, TokenPricesShown] = Field(default_factory=dict, description=_ABOVE)


class PriceShown(TierPricesShown):
    """The price of a model."""

    model_config = examples(
        {
            "provider": "openai",
            "model": "gpt-5.5",
            **_AMOUNTS,
            "cache_write": None,
            "calls": {"web_search": "0.01"},
            "source": "own",
        }
    )
    provider: str
    model: str
    request: str | None = Field(default=None, description=_REQUEST)
    added_input: int = Field(default=0, description=_ADDED)
    always: str | None = Field(default=None, description=_ALWAYS)
    calls: dict[str, str] = Field(default_factory=dict, description=_CALLS)
    tiers: dict[str, TierPricesShown] = Field(default_factory=dict, description=_TIERS)
    regions: dict[str, str] = Field(default_factory=dict, description=_REGIONS)
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
