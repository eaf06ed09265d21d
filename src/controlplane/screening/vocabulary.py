"""Tokens of OpenAI's embedding models as the text that they stand for.

The vocabulary is OpenAI's own file, as a package carries it; it is read when tokens first come.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

# The file that OpenAI publishes as cl100k_base. https://github.com/openai/tiktoken
_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_PACKAGE, _PATH = "tiktoken_ext", "data/cl100k_base.tiktoken"
_SPECIAL = {
    100257: b"<|endoftext|>",
    100258: b"<|fim_prefix|>",
    100259: b"<|fim_middle|>",
    100260: b"<|fim_suffix|>",
    100276: b"<|endofprompt|>",
}
_MODELS = re.compile(r"text-embedding-(3-(small|large)|ada-002)")


def is_read(model: str) -> bool:
    """True where the vocabulary of `model` is known."""
    return _MODELS.search(model) is not None


def text_of(tokens: Sequence[int]) -> str | None:
    """The text of `tokens`; None where one is not known, or the vocabulary is not installed."""
    known = _vocabulary()
    try:
        return b"".join([known[token] for token in tokens]).decode("utf-8", "replace")
    except KeyError:
        return None


@cache
def _vocabulary() -> dict[int, bytes]:
    try:
        lines = resources.files(_PACKAGE).joinpath(_PATH).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        return {}
    if hashlib.sha256(lines).hexdigest() != _SHA256:
        return {}
    pairs = (line.split() for line in lines.splitlines())
    return {int(token): base64.b64decode(text) for text, token in pairs} | _SPECIAL
