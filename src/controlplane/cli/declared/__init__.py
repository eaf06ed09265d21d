"""`llm-cp plan`, `apply` and `export`: an organisation as files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controlplane.cli.command import Command, argument
from controlplane.cli.documents import written_whole
from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, CommandError
from controlplane.cli.options import YES
from controlplane.cli.session import Session
from controlplane.cli.terminal import confirm, note, shown

if TYPE_CHECKING:
    from controlplane.cli.declared.plan import PlannedChange
    from controlplane.cli.declared.stored import Inventory

_FOLDER = argument("folder", metavar="DIR", help="a folder of .yaml files")
_PRUNE = (
    argument(
        "--prune",
        action="store_true",
        help="delete what no file names, of the sections that the files have; keys stay",
    ),
    argument("--prune-keys", action="store_true", help="revoke the keys that no file names"),
)


def _plan(arguments: argparse.Namespace, session: Session) -> int:
    changes, _ = _planned(arguments, session)
    return EXIT_FOUND if changes and arguments.exit_code else EXIT_OK


def _apply(arguments: argparse.Namespace, session: Session) -> int:
    from controlplane.cli.declared.writes import kept_in, make

    changes, stored = _planned(arguments, session)
    if not changes:
        return EXIT_OK
    confirm(f"Make these {len(changes)} changes?", yes=arguments.yes)
    makes_keys = any(each.section == "keys" and each.address is None for each in changes)
    with kept_in(arguments.keys_file if makes_keys else None) as keep:
        make(session.gateway, changes, stored, keep)
    note(f"{len(changes)} changes are made.")
    return EXIT_OK


def _export(arguments: argparse.Namespace, session: Session) -> int:
    from controlplane.cli.declared.files import SECTIONS, dumped
    from controlplane.cli.declared.stored import read_stored

    folder = Path(arguments.folder)
    files = {section: folder / f"{section}.yaml" for section in SECTIONS}
    there = [str(file) for file in files.values() if file.exists()]
    if there and not arguments.force:
        raise CommandError(f"{shown(there[0])} exists; --force replaces it.")
    stored = read_stored(session.gateway)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{shown(str(folder))} cannot be made: {error.strerror}.") from None
    for line in stored.left_out:
        note(line)
    for section, file in files.items():
        documents = {name: entry.document for name, entry in stored.sections[section].items()}
        with written_whole(file) as opened:
            opened.write(dumped({section: documents}).encode())
    note(f"Written to {arguments.folder}.")
    return EXIT_OK


def _planned(
    arguments: argparse.Namespace, session: Session
) -> tuple[list[PlannedChange], Inventory]:
    # Not at the top: `--help` needs no YAML.
    from controlplane.cli.declared.files import read_folder
    from controlplane.cli.declared.plan import Prune, plan, show
    from controlplane.cli.declared.stored import read_stored

    folder = read_folder(arguments.folder)
    stored = read_stored(session.gateway)
    prune = Prune(names=arguments.prune, keys=arguments.prune_keys)
    changes = plan(session.gateway, folder, stored, prune)
    show(session.terminal, changes)
    return changes, stored


PLAN = Command(
    "show what `apply` would change",
    "Compares the files in DIR with what your organisation has, and shows the difference. Nothing\n"
    "is written.",
    "llm-cp plan config\n"
    "llm-cp plan config --prune\n"
    "llm-cp plan config --exit-code || echo drifted",
    _plan,
    (
        _FOLDER,
        *_PRUNE,
        argument("--exit-code", action="store_true", help="end with 1 where there are changes"),
    ),
    exits="0 done, 1 changes (with --exit-code), 2 wrong use or a refusal",
    has_json=False,
)
APPLY = Command(
    "make your organisation what files say",
    "Shows what the files in DIR would change, and changes it: applications, keys by name,\n"
    "routes, prices and policies. Asks first on a terminal. What no file names stays, unless\n"
    "--prune is given.\n"
    "A change that another administrator made since the plan was shown is not overwritten. New\n"
    "keys are printed, this once; a second run makes none.",
    "llm-cp apply config\n"
    "llm-cp apply config --yes --keys-file keys.txt\n"
    "llm-cp apply config --prune",
    _apply,
    (
        _FOLDER,
        *_PRUNE,
        argument("--keys-file", metavar="FILE", help="a new file for new keys, mode 0600"),
        YES,
    ),
    has_json=False,
)
EXPORT = Command(
    "write your organisation into files",
    "Writes a file for each section into DIR, which `apply` reads back to nothing to change. Keys\n"
    "are named; they themselves are nowhere to be read.",
    "llm-cp export config\nllm-cp export config --force && git diff",
    _export,
    (
        argument("folder", metavar="DIR", help="a folder; it is made where it is missing"),
        argument("--force", action="store_true", help="replace files of an earlier export"),
    ),
    has_json=False,
)
