"""Where nothing is replaced: what was signed, and what a provider knows its own client by."""

from __future__ import annotations

import pytest

from controlplane.protocols.messages.seals import is_sealed


@pytest.mark.parametrize(
    ("place", "sealed"),
    [
        ("system", False),
        ("system.0.text", True),
        ("system.0.#key", True),
        ("system.1.text", False),
        ("system.10.text", False),
        ("messages.0.content", False),
        ("messages.3.content.0.text", False),
        ("messages.3.content.0.thinking", True),
        ("messages.3.content.12.signature", True),
        ("messages.3.content.1.data", True),
        ("messages.3.content.1.source.data", False),
        ("messages.3.content.1.content.2.encrypted_content", True),
        ("messages.3.content.1.content.encrypted_stdout", True),
        ("messages.3.content.1.citations.0.encrypted_index", True),
        ("messages.3.content.1.input.thinking", False),
        ("messages.3.content.1.input.data", False),
        ("messages.3.content.1.input.content.0.data", False),
        ("content.0.thinking", True),
        ("content.0.input.thinking", False),
        ("tools.0.thinking", False),
        ("thinking", False),
    ],
)
def test_places(place: str, sealed: bool) -> None:
    assert is_sealed(place) is sealed
