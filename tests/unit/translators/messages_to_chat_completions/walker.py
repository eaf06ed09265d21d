"""Samples of a type of Anthropic's package: for each field in it, values with and without it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Required, Union, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

# No field lies deeper that is not met elsewhere.
DEPTH = 9


@dataclass(frozen=True)
class Variant:
    """Two values of one type that differ in one field, which is that `owner`'s, at that `place`."""

    owner: str
    place: str
    before: Any
    after: Any

    def inside(self, name: str | int, before: Any, after: Any) -> Variant:
        """The same difference inside two values that are larger."""
        return Variant(self.owner, f"{name}.{self.place}".rstrip("."), before, after)


def variants(kind: Any, depth: int = DEPTH, within: tuple[Any, ...] = ()) -> Iterator[Variant]:
    """One for each field of each object in `kind`, and for each value of it that is another."""
    if depth == 0 or kind in within:
        return
    if is_typeddict(kind):
        base = sample(kind)
        for name, hint in get_type_hints(kind).items():
            for value in values(hint):
                if base.get(name) != value:
                    yield Variant(kind.__name__, name, base, {**base, name: value})
            for inner in variants(hint, depth - 1, (*within, kind)):
                before, after = {**base, name: inner.before}, {**base, name: inner.after}
                yield inner.inside(name, before, after)
        return
    members = get_args(kind)
    if _is_list(kind):
        for inner in variants(members[0], depth, within):
            yield inner.inside(0, [inner.before], [inner.after])
    elif get_origin(kind) is not Literal:
        for member in members:
            yield from variants(member, depth, within)


def sample(kind: Any) -> Any:
    """One value, the first that there is; of an object what it must have."""
    if is_typeddict(kind):
        hints, marked = get_type_hints(kind), get_type_hints(kind, include_extras=True)
        return {n: sample(hints[n]) for n in hints if get_origin(marked[n]) is Required}
    return next(values(kind))


def values(kind: Any) -> Iterator[Any]:
    """Some that differ. Of a union those of all members, of an object the shortest."""
    origin, members = get_origin(kind), get_args(kind)
    if origin is Literal:
        yield from members
    elif is_typeddict(kind):
        yield sample(kind)
    elif _is_list(kind):
        yield from ([value] for value in values(members[0]))
    elif origin is Union or (members and origin not in (dict, Mapping)):
        for member in members:
            yield from values(member)
    elif kind is str:
        yield from ("one", "two")
    elif kind is int:
        yield from (1024, 30_000)
    elif kind is bool:
        yield from (True, False)
    elif kind is float:
        yield 0.5
    elif origin in (dict, Mapping) or kind is object:
        yield {"type": "object"}
        yield {"type": "object", "title": "another"}


def _is_list(kind: Any) -> bool:
    name = getattr(get_origin(kind), "__name__", "")
    return name in ("list", "Iterable", "Sequence", "SequenceNotStr")
