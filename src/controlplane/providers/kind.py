"""What a kind of provider is: a value that says all the rest of the program knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.config import KindSettings, ProviderVariable
from controlplane.domain.inference import ProtocolName
from controlplane.domain.usage import ImageTokens


@dataclass(frozen=True, slots=True)
class Failures:
    """What the errors of a kind mean, in OpenAI's words, beside what `meanings.py` says of all.

    `code_is_type` where the type of an error is its code. `codes` and `statuses` translate; a code
    stands among the statuses where an error inside a stream has no other.
    """

    code_is_type: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[int | str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider.

    `module` has a function `provider(kind, settings, client)` that returns a Provider of
    `gateway/ports.py`; it is imported by the first call. `price_list` is the provider of
    `genai-prices` whose prices hold for the provider that is named like its kind: what a server of
    another name costs is not for us to guess. Where that list holds, `standard_tier` is the service
    tier whose prices are known, None where none can be asked for. `trace_name` is its
    `gen_ai.provider.name`. On the kind's own server, models that match `tools_over_responses` take
    tools over Responses only.
    """

    name: str
    module: str
    protocols: tuple[ProtocolName, ...]
    settings: KindSettings
    failures: Failures
    images: ImageTokens
    price_list: str | None
    trace_name: str
    standard_tier: str | None = None
    tools_over_responses: tuple[str, ...] = ()

    @property
    def key_variable(self) -> ProviderVariable:
        """The one that configures it."""
        return next(variable for variable in self.settings.variables if variable.sets == "api_key")

    @property
    def url_variable(self) -> ProviderVariable:
        """The one that moves its address."""
        return next(variable for variable in self.settings.variables if variable.sets == "base_url")
