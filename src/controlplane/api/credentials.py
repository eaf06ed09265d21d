"""The credential of a request, in the place where each client puts it."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.errors import Unauthenticated

# Anthropic's clients, and Azure's.
_KEY_HEADERS = ("x-api-key", "api-key")


def authorization(headers: Mapping[str, str]) -> str | None:
    """The `Authorization` header, or what it would be for the key in `x-api-key` or `api-key`.

    Raises Unauthenticated where two are there that differ: which of them counts is not for us to
    guess.
    """
    given = headers.get("authorization")
    found = {f"Bearer {key}" for name in _KEY_HEADERS if (key := headers.get(name))}
    if not found:
        return given
    if given:
        scheme, _, credential = given.partition(" ")
        found.add(f"Bearer {credential.strip()}" if scheme.lower() == "bearer" else given)
    if len(found) > 1:
        raise Unauthenticated("credentials that differ", "Several headers hold keys that differ.")
    return found.pop()
