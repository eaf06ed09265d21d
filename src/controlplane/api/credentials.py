"""The credential of a request, in the place where each client puts it."""

from __future__ import annotations

from starlette.datastructures import Headers

from controlplane.errors import Unauthenticated

# Anthropic's clients, and Azure's.
_KEY_HEADERS = ("x-api-key", "api-key")


def authorization(headers: Headers) -> str | None:
    """The `Authorization` header, or what it would be for the key in `x-api-key` or `api-key`.

    Raises Unauthenticated where two are there that differ, and for a second `Authorization`
    whatever it says: which of them counts is not for us to guess, and what stands in front of the
    gateway may take the other.
    """
    several = headers.getlist("authorization")
    if len(several) > 1:
        raise Unauthenticated("two credentials", "There are several 'Authorization' headers.")
    given = several[0] if several else None
    found = {f"Bearer {key}" for name in _KEY_HEADERS for key in headers.getlist(name) if key}
    if not found:
        return given
    if given:
        scheme, _, credential = given.partition(" ")
        found.add(f"Bearer {credential.strip()}" if scheme.lower() == "bearer" else given)
    if len(found) > 1:
        raise Unauthenticated("credentials that differ", "Several headers hold keys that differ.")
    return found.pop()
