"""What a translation says that it left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_messages.places import LeftOut
from controlplane.translators.chat_completions_to_messages.request import translate


def left_out(body: Mapping[str, Any], model: str) -> tuple[str, ...]:
    """The places. Raises UnsupportedParameter as `translate` does."""
    places = LeftOut()
    translate(body, model, left_out=places)
    return places.places
