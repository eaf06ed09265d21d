"""Names and ids that OpenAI takes: Messages has longer ones."""

from __future__ import annotations

import hashlib

MAX_NAME = 64
MAX_ID = 40
_DIGEST = 8


class ToolNames:
    """The names of one request's tools, there, and what they are here."""

    def __init__(self) -> None:
        self._here: dict[str, str] = {}

    def there(self, name: str) -> str:
        """`name` as it is sent: one that is too long ends in a digest of itself."""
        sent = shortened(name, MAX_NAME)
        if sent != name:
            self._here[sent] = name
        return sent

    def here(self, name: str) -> str:
        """The name of which an answer speaks as `name`."""
        return self._here.get(name, name)


def shortened(text: str, longest: int) -> str:
    """`text`, the end of it replaced by a digest of all of it where it is longer."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{text[: longest - _DIGEST - 1]}_{digest}"
