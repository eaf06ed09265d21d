"""What a provider's settings are, and which of them each kind of provider has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

MaxTokensField = Literal["max_tokens", "max_completion_tokens"]


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One provider: of which kind it is, where, and with which key (empty where it wants none).

    `max_tokens_field` is the one field by which it bounds an answer (None: as the caller sends it),
    `stream_options` says whether it takes them, `unsupported_params` what else it does not take.
    `protocols` are those that it speaks, the preferred one first; empty for all of its kind.
    `prices` is the price list that holds for it, None for that of its kind where it is named so.
    """

    name: str
    kind: str
    base_url: str
    api_key: str = field(default="", repr=False)
    api_version: str | None = None
    max_tokens_field: MaxTokensField | None = None
    stream_options: bool = True
    unsupported_params: frozenset[str] = frozenset()
    protocols: tuple[str, ...] = ()
    prices: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderVariable:
    """A variable that sets one of the ProviderSettings. Of several that set the same, the first
    that has a value counts. Where one that is `required` is missing, the error shows `example`."""

    name: str
    sets: Literal["base_url", "api_key", "api_version"]
    default: str | None = None
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class KindSettings:
    """What configures a kind: its variables, and what else a row of LLM_CP_PROVIDERS may say.

    It is configured where the variable that sets `api_key` has a value. A row whose server is not
    at one of `own_hosts` is bounded by `max_tokens_elsewhere` and speaks `protocols_elsewhere` (all
    of its kind where there are none), unless the row says otherwise: `protocols` it may name.
    """

    variables: Sequence[ProviderVariable]
    row: frozenset[str] = frozenset()
    own_hosts: tuple[str, ...] = ()
    max_tokens_elsewhere: MaxTokensField | None = None
    protocols: tuple[str, ...] = ()
    protocols_elsewhere: tuple[str, ...] = ()


SettingsByKind = Mapping[str, KindSettings]
