"""Making the changes of a plan, each held to what the plan has shown."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from controlplane.cli import app, key
from controlplane.cli.declared.plan import Effect, PlannedChange
from controlplane.cli.declared.stored import Inventory
from controlplane.cli.errors import CommandError
from controlplane.cli.terminal import note, shown

if TYPE_CHECKING:
    from controlplane.cli.admin_client import AdminClient

# Takes the name of a new key, and the key.
Keep = Callable[[str, str], None]


def make(gateway: AdminClient, changes: list[PlannedChange], stored: Inventory, keep: Keep) -> None:
    """Make them in order; the first that is refused is the last that is tried. Raises
    CommandError."""
    for done, change in enumerate(changes):
        try:
            _make(gateway, change, stored, keep)
        except CommandError as error:
            note(f"{done} of {len(changes)} changes are made; the next is refused:")
            message = str(error).replace(" Or use --force.", " Run the command again.")
            raise CommandError(
                f"{change.section} {change.name}: {message}", *error.details
            ) from None


@contextlib.contextmanager
def kept_in(file: str | None) -> Iterator[Keep]:
    """Where new keys go: to standard output, or a new file that only its owner can read. Raises
    CommandError where there is such a file: it may hold keys that are nowhere else."""
    if file is None:
        yield lambda name, value: print(f"{shown(name)}\t{shown(value)}", flush=True)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandError(f"{shown(file)} exists: a file with keys is not overwritten.") from None
    except OSError as error:
        raise CommandError(f"{shown(file)} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:

        def keep(name: str, value: str) -> None:
            opened.write(f"{name}\t{value}\n")
            opened.flush()
            os.fsync(descriptor)

        yield keep


def _make(gateway: AdminClient, change: PlannedChange, stored: Inventory, keep: Keep) -> None:
    if change.action is Effect.DELETE:
        gateway.send("DELETE", change.address or "", headers=_held(change))
    elif change.section in ("routes", "prices", "policies"):
        address = change.address or stored.address(change.section, change.name)
        gateway.send("PUT", address, change.body, headers=_held(change))
    elif change.address is not None:
        gateway.send("PATCH", change.address, _written(change), headers=_held(change))
    elif change.section == "applications":
        gateway.send("POST", app.PATH, {**change.body, "id": change.name})
    else:
        _make_key(gateway, change, stored, keep)


def _make_key(gateway: AdminClient, change: PlannedChange, stored: Inventory, keep: Keep) -> None:
    application, _, name = change.name.partition("/")
    owner = {"application_id": application} if application else {}
    made = gateway.send("POST", key.PATH, {**change.body, **owner, "name": name}).body
    stored.key_ids[change.name] = str(made.get("id"))
    keep(change.name, str(made.get("key")))


def _written(change: PlannedChange) -> dict[str, object]:
    """What can be written of a key or an application: not the role."""
    return {name: value for name, value in change.body.items() if name != "role"}


def _held(change: PlannedChange) -> dict[str, str]:
    if change.address is None:
        return {"If-None-Match": "*"}
    return {"If-Match": change.etag} if change.etag else {}
