"""Files that a command reads and writes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controlplane.cli.command import CommandError


def read_bytes(name: str) -> bytes:
    """A file, or standard input for `-`, without a byte order mark. Raises CommandError."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def read_document(name: str) -> tuple[bytes, Mapping[str, Any]]:
    """A file that holds a JSON object: as it stands, and read. Raises CommandError that says where
    it is wrong."""
    raw = read_bytes(name)
    try:
        document = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not text in UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"{name} is not JSON: {error.msg} ({place}).") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{name} is not JSON that can be read.") from None
    if not isinstance(document, dict):
        raise CommandError(f"{name} must hold a JSON object.")
    return raw, document
