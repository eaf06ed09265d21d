"""The most that a request can cost, before it is counted; what has no bound is refused by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.price import STANDARD_TIERS, Price, ServerTool
from controlplane.domain.routing import Target
from controlplane.domain.usage import Usage
from controlplane.errors import InvalidRequest
from controlplane.gateway.pricing import Pricing

# Its price may be unknown, and is never above that of the standard tier.
_CHEAPER = "flex"


def cost_bound(
    request: InferenceRequest,
    usage: Usage,
    targets: Iterable[Target],
    pricing: Pricing,
    *,
    enforced: bool,
) -> int:
    """Micro-dollars: the bound over all targets of a request that uses at most `usage`.

    Where a cap is `enforced`, raises InvalidRequest for what has no known price.
    """
    if enforced and (name := request.unpriced) is not None:
        raise _unpriced(name, f"'{name}' has no known price, and the policy caps cost.")
    highest = 0
    for target in targets:
        price = pricing.price(target.provider, target.model)
        if price is not None:
            if enforced:
                _check(request, price, target)
            tiers = _tiers(request, price, target, pricing)
            highest = max(highest, _most(request, usage, price, tiers))
        elif enforced:
            fault = f"'{_name(target)}' has no known price, and the policy caps cost."
            raise InvalidRequest(
                f"{fault} {_advice(target)}", param="model", code="model_not_priced"
            )
    return highest


def _check(request: InferenceRequest, price: Price, target: Target) -> None:
    """Raises InvalidRequest for what the price does not hold."""
    for tool in request.server_tools:
        if tool.at_most is None:
            raise _unpriced(
                tool.place,
                f"How often '{tool.place}' is called is not bounded, and the policy caps cost. "
                f"Set '{tool.setting}'.",
            )
        if tool.name not in price.calls:
            raise _unpriced_here(tool.place, f"a call of '{tool.name}'", target)
    tier = request.service_tier
    if tier != _CHEAPER and price.of_tier(tier) is None:
        raise _unpriced_here("service_tier", "this 'service_tier'", target)
    if price.factor(request.region) is None:
        raise _unpriced_here("inference_geo", "this 'inference_geo'", target)


def _tiers(
    request: InferenceRequest, price: Price, target: Target, pricing: Pricing
) -> Collection[str | None]:
    """The service tiers in which it may be served, None for the standard one."""
    asked = request.service_tier
    if asked is not None:
        return (None,) if asked in STANDARD_TIERS or asked not in price.tiers else (None, asked)
    provider = pricing.providers.get(target.provider)
    pinned = provider is not None and provider.billing.standard_tier is not None
    # Where the tier is left open and cannot be pinned, it may be the dearest one.
    return (None,) if pinned or not request.has_tiers else (None, *price.tiers)


def _most(
    request: InferenceRequest, usage: Usage, price: Price, tiers: Collection[str | None]
) -> int:
    longest = _with_tools(request, usage, price)
    region = request.region
    if region is None or price.factor(region) is None:
        # The dearest place, where it is left open or (and no cap is enforced) not known.
        region = max(price.regions, key=price.regions.__getitem__, default=None)
    costs = (
        price.cost_microusd(replace(each, service_tier=tier, inference_geo=region))
        for each in _variants(request, longest, price)
        for tier in tiers
    )
    return max((cost for cost in costs if cost is not None), default=0)


def _with_tools(request: InferenceRequest, usage: Usage, price: Price) -> Usage:
    """What a provider's tools find is read as well: after each call the model reads all again."""
    calls = {tool.name: _times(tool) for tool in request.server_tools if tool.name in price.calls}
    if not calls:
        # What a model calls by itself, the price counts; what that adds to the prompt, too.
        return replace(usage, input=usage.input + price.added_input)
    rounds = 1 + sum(calls.values())
    window = max(usage.input + usage.output, request.window)
    return replace(
        usage,
        input=rounds * window + price.added_input,
        output=rounds * usage.output,
        calls=tuple(calls.items()),
    )


def _times(tool: ServerTool) -> int:
    return 1 if tool.at_most is None else tool.at_most


def _variants(request: InferenceRequest, usage: Usage, price: Price) -> Iterator[Usage]:
    """The ways of counting the same tokens that may have prices of their own."""
    yield usage
    # Writing the whole prompt to a cache can cost more than reading it plainly.
    hour = usage.input if request.keeps_for_an_hour else 0
    yield replace(usage, cache_write=usage.input, cache_write_hour=hour)
    if price.image_input is not None or price.image_output is not None:
        made = 0 if price.image_output is None else usage.output
        yield replace(usage, image_output=made)
        yield replace(usage, image_output=made, image_input=usage.input)


def _unpriced(place: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, param=place, code="parameter_not_priced")


def _unpriced_here(place: str, what: str, target: Target) -> InvalidRequest:
    return _unpriced(
        place,
        f"At '{_name(target)}' {what} has no known price, and the policy caps cost. "
        f"{_advice(target)}",
    )


def _name(target: Target) -> str:
    return f"{target.provider}/{target.model}"


def _advice(target: Target) -> str:
    return f"An administrator can set one: PUT /admin/v1/prices/{_name(target)}."
