"""Keep texts: where the policy says so, the trail remembers what was asked and answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.policy import EffectivePolicy
from controlplane.gateway.payload import Payload
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import Screened
from controlplane.policy.screening import SCREENING
from controlplane.policy.stored_payloads import STORE_PAYLOADS


@asynccontextmanager
async def keep_texts(
    request: InferenceRequest, screened: Screened, policy: EffectivePolicy, trail: Trail
) -> AsyncIterator[Screened]:
    """The answer as it came; where the policy says so, the trail remembers it and the request.

    An answer in which redacted values were restored is not kept: that would store them after all.
    """
    completion, chunks = screened
    if not STORE_PAYLOADS.of(policy):
        yield screened
        return
    payload = trail.payload = Payload(request.body)
    if SCREENING.of(policy).restore:
        yield screened
    elif chunks is None:
        payload.answer = completion
        yield screened
    else:
        async with aclosing(payload.copied(chunks)) as copied:
            yield None, copied
