"""What has to change so that an organisation has what the files say."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from controlplane.cli.declared.files import SECTIONS, Folder, Wanted, dumped
from controlplane.cli.declared.stored import Document, Inventory, document_of, fresh
from controlplane.cli.errors import CommandError
from controlplane.cli.terminal import Colour, Terminal, note, shown

if TYPE_CHECKING:
    from controlplane.cli.admin_client import AdminClient

_CONTEXT_LINES = 2


class Effect(Enum):
    """What is done: its sign, its colour and its name in the last line."""

    ADD = ("+", Colour.GREEN, "to add")
    CHANGE = ("~", Colour.YELLOW, "to change")
    DELETE = ("-", Colour.RED, "to delete")


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One write. `address` and `etag` are of what is stored, None for what is new."""

    action: Effect
    section: str
    name: str
    before: Document
    after: Document
    body: Document
    address: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Prune:
    """Whether what no file names is deleted; keys by a word of their own."""

    names: bool = False
    keys: bool = False


def plan(
    gateway: AdminClient, folder: Folder, stored: Inventory, prune: Prune
) -> list[PlannedChange]:
    """The changes in the order in which they can be made. Raises CommandError with every fault of
    the files."""
    faults = list(_faults(folder, stored))
    if faults:
        raise CommandError("The files are not right:", *faults)
    changes = []
    for section in SECTIONS:
        for name, wanted in folder.of(section).items():
            change = _change(gateway, section, name, wanted, stored)
            if change is not None:
                changes.append(change)
    for section in reversed(SECTIONS):
        changes += _deletions(gateway, section, folder, stored, prune)
    return changes


def show(terminal: Terminal, changes: list[PlannedChange]) -> None:
    """Print them, and how many there are."""
    for change in changes:
        sign, colour, _ = change.action.value
        print(terminal.paint(shown(f"{sign} {change.section} {change.name}"), colour))
        for line in _difference(change):
            line_colour = {"+": Colour.GREEN, "-": Colour.RED}.get(line[:1])
            print("    " + terminal.paint(shown(line), line_colour))
    if not changes:
        print("Nothing to change.")
        return
    counted = (
        f"{sum(change.action is action for change in changes)} {action.value[2]}"
        for action in Effect
    )
    print(f"{', '.join(counted)}.")


def _faults(folder: Folder, stored: Inventory) -> Iterator[str]:
    # The gateway's models load a pattern engine; `--help` does without.
    from controlplane.cli.declared.checks import faults_of

    applications = folder.of("applications").keys() | stored.sections["applications"].keys()
    keys = folder.of("keys").keys() | stored.sections["keys"].keys()
    for section in SECTIONS:
        for name, wanted in folder.of(section).items():
            found = faults_of(section, name, wanted.document, stored.providers)
            yield from (
                wanted.fault(fault, field) if field else wanted.fault(fault)
                for field, fault in found
            )
            level, _, subject = name.partition("/")
            if found:
                continue
            if section == "keys" and level and level not in applications:
                yield wanted.fault(f"there is no application '{level}'")
            if section == "policies" and level == "application" and subject not in applications:
                yield wanted.fault(f"there is no application '{subject}'")
            if section == "policies" and level == "api-key" and subject not in keys:
                yield wanted.fault(f"there is no key '{subject}'")
            if section == "keys" and _other_role(wanted, name, stored):
                yield wanted.fault("of a key that exists cannot be changed", "role")


def _other_role(wanted: Wanted, name: str, stored: Inventory) -> bool:
    entry = stored.sections["keys"].get(name)
    role = wanted.document.get("role")
    return entry is not None and role is not None and entry.document["role"] != role


def _change(
    gateway: AdminClient, section: str, name: str, wanted: Wanted, stored: Inventory
) -> PlannedChange | None:
    from controlplane.cli.declared.checks import meaning

    row = meaning(section, name, wanted.document, stored.providers)
    entry = stored.sections[section].get(name)
    if entry is None:
        after = wanted.document if section == "keys" else document_of(section, row)
        return PlannedChange(Effect.ADD, section, name, {}, after, wanted.document)
    if _after(section, row, entry.document) == entry.document:
        return None
    entry, found = fresh(gateway, section, entry)
    after = _after(section, row, entry.document)
    if after == entry.document:
        return None
    return PlannedChange(
        Effect.CHANGE,
        section,
        name,
        entry.document,
        after,
        wanted.document,
        entry.address,
        found.etag,
    )


def _after(section: str, row: Mapping[str, Any], before: Document) -> Document:
    if section != "keys":
        return document_of(section, row)
    return {name: value for name, value in {**before, **row}.items() if value is not None}


def _deletions(
    gateway: AdminClient, section: str, folder: Folder, stored: Inventory, prune: Prune
) -> Iterator[PlannedChange]:
    if section not in folder.sections or not (prune.keys if section == "keys" else prune.names):
        return
    for name, entry in stored.sections[section].items():
        if name in folder.of(section):
            continue
        kept = _kept(section, name, stored, prune)
        if kept is not None:
            note(kept)
            continue
        current, found = fresh(gateway, section, entry)
        yield PlannedChange(
            Effect.DELETE, section, name, current.document, {}, {}, entry.address, found.etag
        )


def _kept(section: str, name: str, stored: Inventory, prune: Prune) -> str | None:
    """Why it is not deleted after all. Who deletes an application revokes its keys."""
    own = stored.own_key
    if section == "keys" and name == own:
        return f"The key '{name}' is the one that asks: it stays."
    if section == "applications" and own is not None and own.partition("/")[0] == name:
        return f"The application '{name}' is that of the key that asks: it stays."
    if section == "applications" and _has_keys(name, stored) and not prune.keys:
        return f"The application '{name}' has keys: it stays, unless --prune-keys is given."
    return None


def _has_keys(application: str, stored: Inventory) -> bool:
    return any(name.partition("/")[0] == application for name in stored.sections["keys"])


def _difference(change: PlannedChange) -> list[str]:
    before, after = _lines(change.before), _lines(change.after)
    lines = difflib.unified_diff(before, after, lineterm="", n=_CONTEXT_LINES)
    return [line for index, line in enumerate(lines) if index > 1 and not line.startswith("@@")]


def _lines(document: Document) -> list[str]:
    return dumped(_sorted(document)).splitlines() if document else []


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value
