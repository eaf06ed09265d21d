"""Values of a package's request types, and each of their fields changed: for what is proven of all.

The types are nested TypedDicts; a `Change` is a request and the same with one field more, or with
another value in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

# Ends the types that hold themselves.
MAX_DEPTH = 12


@dataclass(frozen=True)
class Change:
    """`before` and `after` differ in the field at `path`, whose steps name the types' members."""

    path: str
    before: Any
    after: Any


def sample(kind: Any, name: str = "") -> Any:
    """A small value of the type, for a member of that name."""
    kind = _plain(kind)
    origin, args = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        return {
            name: sample(hint, name)
            for name, hint in _hints(kind).items()
            if _is_required(kind, name, hint)
        }
    if origin is Literal:
        return args[0]
    if origin is Union:
        return sample(_members(kind)[0], name)
    if kind in _SCALARS:
        return _SCALARS[kind][0]
    if _is_list(kind):
        return [sample(args[0], name)]
    return {}


def changes(kind: Any, name: str = "", path: str = "", depth: int = 0) -> Iterator[Change]:
    """Each field of the type at every depth, changed."""
    kind = _plain(kind)
    origin, args = get_origin(kind), get_args(kind)
    if depth > MAX_DEPTH:
        return
    if is_typeddict(kind):
        yield from _of_fields(kind, path, depth)
    elif origin is Union:
        for member in _members(kind):
            yield from changes(member, name, f"{path}{_tag(member)}", depth)
    elif origin is Literal:
        for other in args[1:]:
            yield Change(path, args[0], other)
    elif kind in _SCALARS:
        yield Change(path, *_SCALARS[kind])
    elif _is_list(kind):
        for change in changes(args[0], name, f"{path}[]", depth + 1):
            yield Change(change.path, [change.before], [change.after])


def _of_fields(kind: Any, path: str, depth: int) -> Iterator[Change]:
    base = sample(kind)
    for name, hint in _hints(kind).items():
        where = f"{path}.{name}"
        if not _is_required(kind, name, hint):
            yield Change(where, base, {**base, name: _telling(hint, name)})
        for change in changes(hint, name, where, depth + 1):
            yield Change(change.path, {**base, name: change.before}, {**base, name: change.after})


def _telling(kind: Any, name: str) -> Any:
    """A value that asks for something: not the first of several, which may be the default."""
    plain = _plain(kind)
    args = get_args(plain)
    if get_origin(plain) is Literal:
        return args[-1]
    return _SCALARS[plain][1] if plain in _SCALARS else sample(plain, name)


_SCALARS: dict[Any, tuple[Any, Any]] = {
    str: ("one", "two"),
    int: (20, 21),
    float: (0.5, 0.25),
    bool: (False, True),
    object: ({"a": 1}, {"a": 2}),
}


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _is_required(kind: Any, name: str, hint: Any) -> bool:
    # The packages' annotations are strings, in which the marks are not seen by themselves.
    if get_origin(hint) in (Required, NotRequired):
        return get_origin(hint) is Required
    return kind.__total__ and name in kind.__required_keys__


def _plain(kind: Any) -> Any:
    """The type without what says only whether it must be there, or may be null."""
    while get_origin(kind) in (Required, NotRequired):
        (kind,) = get_args(kind)
    members = _members(kind) if get_origin(kind) is Union else [kind]
    return members[0] if len(members) == 1 else kind


def _members(kind: Any) -> list[Any]:
    return [member for member in get_args(kind) if member is not type(None)]


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    name = getattr(origin, "__name__", "")
    return origin is list or name in ("Iterable", "Sequence", "SequenceNotStr")


def _tag(kind: Any) -> str:
    """How a path tells the members of a union apart."""
    if not is_typeddict(kind):
        return ""
    tag = sample(kind).get("type") or sample(kind).get("role") or kind.__name__
    return f"<{tag}>"
