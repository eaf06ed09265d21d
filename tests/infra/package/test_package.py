"""The function's zip: what is in it, that its bytes repeat, and that the handler starts from it."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.infra.conftest import run_infra
from tests.infra.package.conftest import Package
from tests.infra.template import ROOT

from infra.package.toolchain import PackageError, lambda_python
from infra.package.wheels import AWS_SERVICES

ELF_MACHINE = {183: "arm64", 62: "x86_64"}
ASK_FROM_THE_ZIP = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from controlplane.lambda_handler import handler
answers = []
for event in json.loads(sys.argv[2]):
    try:
        answers.append(handler(event, None))
    except Exception as error:
        answers.append([type(error).__name__, str(error)])
import controlplane, boto3
services = [boto3.client(s, region_name="us-east-1").meta.service_model.service_name
            for s in json.loads(sys.argv[3])]
import controlplane.adapters.postgres.migrations as migrations
import importlib.metadata
import psycopg, re2, cryptography, genai_prices, controlplane.lambda_stream.client
print(json.dumps({"answers": answers, "services": services,
    "cached": controlplane.__cached__, "migrations": str(migrations.migrations_folder()),
    "fastapi": importlib.metadata.version("fastapi"),
    "outside": [name for name, module in sys.modules.items()
                if "site-packages" in str(vars(module).get("__file__"))]}))
"""


def _names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.path) as archive:
        return archive.namelist()


@pytest.mark.soak
def test_the_same_inputs_give_the_same_bytes(
    tree: Path, arm64_package: Package, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    # Another hash seed and folder must not show.
    done = run_infra(
        "package",
        "--output",
        str(again),
        root=tree,
        PYTHONHASHSEED="7",
        TMPDIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in (arm64_package.path, again)]
    assert digests[0] == digests[1]
    assert f"sha256 {digests[0]}" in done.stdout


def test_entries_are_sorted_and_carry_no_time_and_no_mask(arm64_package: Package) -> None:
    with zipfile.ZipFile(arm64_package.path) as archive:
        entries = archive.infolist()
    assert [e.filename for e in entries] == sorted(e.filename for e in entries)
    assert {e.date_time for e in entries} == {(1980, 1, 1, 0, 0, 0)}
    for entry in entries:
        mode = entry.external_attr >> 16
        expected = 0o755 if entry.filename.startswith("bin/") else 0o644
        assert (stat.S_ISREG(mode), mode & 0o777) == (True, expected), entry.filename


def test_fits_into_lambda(arm64_package: Package) -> None:
    with zipfile.ZipFile(arm64_package.path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    assert unpacked < 250 * 1024 * 1024
    assert arm64_package.path.stat().st_size < 50 * 1024 * 1024
    assert re.search(rf"lambda\.zip\s+{unpacked / 1024 / 1024:.1f}\s", arm64_package.printed)


def test_the_exec_wrapper_can_be_executed(arm64_package: Package) -> None:
    wrappers = sorted(f.name for f in (ROOT / "infra" / "lambda" / "bin").iterdir())
    assert [n for n in _names(arm64_package) if n.startswith("bin/")] == [
        f"bin/{name}" for name in wrappers
    ]


def test_native_code_is_for_arm64(arm64_package: Package) -> None:
    libraries = [f for f in arm64_package.folder.rglob("*") if ".so" in f.suffixes]
    machines = {ELF_MACHINE[int.from_bytes(f.read_bytes()[18:20], "little")] for f in libraries}
    assert len(libraries) > 15
    assert machines == {"arm64"}


def test_holds_the_function_and_not_its_surroundings(arm64_package: Package) -> None:
    names = _names(arm64_package)
    head = max(f.name for f in (ROOT / "migrations" / "versions").glob("0*.py"))
    assert "controlplane/lambda_handler.py" in names
    assert f"migrations/versions/{head}" in names
    scripts = {f.name for f in ROOT.glob("src/controlplane/**/*.lua")}
    assert scripts
    assert scripts <= {Path(name).name for name in names}
    unwanted = re.compile(
        r"^controlplane/(local|cli)|/tests?/|^(pytest|moto|uvicorn|mypy|ruff|hypothesis)/"
        r"|RECORD$|\.pyi$|cpython-3(?!13)\d+\.pyc$"
    )
    assert [name for name in names if unwanted.search(name)] == []


def test_every_source_has_its_bytecode(arm64_package: Package) -> None:
    names = set(_names(arm64_package))
    sources = [n for n in names if n.endswith(".py") and n.partition("/")[0].isidentifier()]
    missing = [
        name
        for name in sources
        if str(Path(name).parent / "__pycache__" / f"{Path(name).stem}.cpython-313.pyc")
        not in names
    ]
    assert len(sources) > 1000
    # Templates of alembic are no Python yet.
    assert [name for name in missing if "/templates/" not in name] == []


def test_bytecode_is_never_checked_against_its_source(arm64_package: Package) -> None:
    handler = "controlplane/__pycache__/lambda_handler.cpython-313.pyc"
    flags = (arm64_package.folder / handler).read_bytes()[4:8]
    assert int.from_bytes(flags, "little") == 0b01, "hash-based and unchecked (PEP 552)"
    assert (
        b"/var/task/controlplane/lambda_handler.py" in (arm64_package.folder / handler).read_bytes()
    )


def test_botocore_knows_the_services_that_the_function_calls(arm64_package: Package) -> None:
    calls = {
        service
        for source in (arm64_package.folder / "controlplane").rglob("*.py")
        for service in re.findall(r'\bclient\("([a-z0-9-]+)"', source.read_text("utf-8"))
    }
    assert calls == AWS_SERVICES
    data = arm64_package.folder / "botocore" / "data"
    assert {folder.name for folder in data.iterdir() if folder.is_dir()} == calls


def test_the_handler_starts_from_the_zip(native_folder: Path) -> None:
    events: list[Any] = [{"type": "no-such"}, {"hello": 1}, {"type": "user-migration"}]
    done = subprocess.run(
        [
            *(
                lambda_python(None),
                "-I",
                "-S",
                "-c",
                ASK_FROM_THE_ZIP,
                str(native_folder),
            ),
            *(json.dumps(events), json.dumps(sorted(AWS_SERVICES))),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "LLM_CP_KEY_PEPPER": "a pepper of the tests, at least 32 characters",
            "DATABASE_URL": "postgresql://127.0.0.1:9/db",
            "REDIS_URL": "redis://127.0.0.1:9",
            "AUDIT_QUEUE_URL": "http://127.0.0.1:9/000000000000/audit",
            "AUDIT_BUCKET": "audit",
        },
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert [name for name, _ in said["answers"]] == ["UnknownEvent", "UnknownEvent", "Unreachable"]
    assert "'no-such'" in said["answers"][0][1]
    assert said["services"] == sorted(AWS_SERVICES)
    assert said["cached"].endswith("__init__.cpython-313.pyc")
    assert said["migrations"] == str(native_folder / "migrations")
    assert said["outside"] == []


def test_a_python_of_another_version_is_one_sentence(tmp_path: Path) -> None:
    done = run_infra("package", "--python", "/bin/true", "--output", str(tmp_path / "x.zip"))
    assert done.returncode == 1
    assert re.fullmatch(r"Python 3\.13 is needed .* and '/bin/true' is not one: .*\n", done.stderr)
    assert not (tmp_path / "x.zip").exists()


def test_an_interpreter_is_asked_for_its_version() -> None:
    with pytest.raises(PackageError, match="no-such-python"):
        lambda_python("/no-such-python")
