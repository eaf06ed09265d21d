"""A zip whose bytes depend on its contents only, and what is in it."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

# The earliest time that a zip can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
UNPACKED_LIMIT_BYTES = 250 * 1024 * 1024
_UNIX = 3


@dataclass(frozen=True)
class Part:
    """One top-level name of the archive; sizes in bytes."""

    name: str
    unpacked: int
    zipped: int


@dataclass(frozen=True)
class Archive:
    """A written archive: its digest, its size and its parts, the largest first."""

    path: Path
    sha256: str
    zipped: int
    unpacked: int
    parts: list[Part]


def write_archive(folder: Path, path: Path) -> Archive:
    """Zip `folder` into `path`: sorted names, one timestamp, modes by place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if name.startswith("bin/") else 0o100644) << 16
            archive.writestr(entry, file.read_bytes())
    return describe(path)


def describe(path: Path) -> Archive:
    """Read back what an archive holds."""
    sizes: dict[str, tuple[int, int]] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = _part(entry.filename)
            unpacked, zipped = sizes.get(name, (0, 0))
            sizes[name] = (unpacked + entry.file_size, zipped + entry.compress_size)
    parts = [Part(name, *size) for name, size in sizes.items()]
    return Archive(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        zipped=path.stat().st_size,
        unpacked=sum(part.unpacked for part in parts),
        parts=sorted(parts, key=lambda part: (-part.unpacked, part.name)),
    )


def _part(filename: str) -> str:
    """`psycopg_binary.libs` counts as `psycopg_binary`; all single files and metadata are one."""
    top, _, rest = filename.partition("/")
    if not rest or top == "__pycache__" or top.endswith(".dist-info"):
        return "single files and metadata"
    return top.removesuffix(".libs")
