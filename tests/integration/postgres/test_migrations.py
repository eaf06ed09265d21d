"""Migrations: up, down, twice, two at once, from a Lambda zip; and the models agree with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import controlplane
from controlplane.adapters.postgres import migrations
from controlplane.adapters.postgres.engine import psycopg_url
from controlplane.adapters.postgres.migrations import MigrationError, upgrade
from controlplane.errors import Unreachable

HEAD = max(file.name[:4] for file in Path(__file__).parents[3].glob("migrations/versions/0*.py"))
UPGRADE = "import sys; from controlplane.adapters.postgres.migrations import upgrade; "
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"


def _names(url: str, query: str = TABLES) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(query.encode())}


def test_from_nothing_to_head_and_then_nothing_to_do(empty_url: str) -> None:
    assert upgrade(empty_url) == (None, HEAD)
    assert upgrade(empty_url) == (HEAD, HEAD)


def test_models_and_migrations_agree(fresh_url: str) -> None:
    with create_engine(psycopg_url(fresh_url), poolclass=NullPool).connect() as connection:
        command.check(migrations.alembic_config(connection))


def test_a_difference_would_be_found(fresh_url: str) -> None:
    """The control of the test above."""
    with psycopg.connect(fresh_url) as connection:
        connection.execute("ALTER TABLE policies ALTER COLUMN version DROP DEFAULT")
        connection.execute("ALTER TABLE api_keys ADD COLUMN left_over text")
    with (
        create_engine(psycopg_url(fresh_url), poolclass=NullPool).connect() as connection,
        pytest.raises(Exception, match="left_over") as found,
    ):
        command.check(migrations.alembic_config(connection))
    assert "version" in str(found.value)


def test_down_leaves_nothing_and_up_again_works(fresh_url: str) -> None:
    with create_engine(psycopg_url(fresh_url), poolclass=NullPool).connect() as connection:
        command.downgrade(migrations.alembic_config(connection), "base")
    assert _names(fresh_url) == {"alembic_version", "alembic_version_pkc"}
    assert (
        _names(fresh_url, "SELECT proname FROM pg_proc WHERE proname LIKE '%request_log%'") == set()
    )
    assert upgrade(fresh_url) == (None, HEAD)


def test_two_processes_at_once(empty_url: str) -> None:
    go = f"{UPGRADE}print('ready', flush=True); sys.stdin.readline(); print(upgrade(sys.argv[1]))"
    racers = [_python(go, empty_url) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    answers = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        out, err = racer.communicate(timeout=60)
        assert racer.returncode == 0, err
        answers.append(out.strip())
    assert sorted(answers) == [f"('{HEAD}', '{HEAD}')", f"(None, '{HEAD}')"]


def test_two_threads_at_once(empty_url: str, postgres_server: str) -> None:
    answers: list[tuple[str | None, str | None]] = []
    threads = [threading.Thread(target=lambda: answers.append(upgrade(empty_url))) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [(HEAD, HEAD), (None, HEAD)]


def test_a_lock_that_is_never_released_is_one_clear_sentence(empty_url: str) -> None:
    engine = create_engine(psycopg_url(empty_url), poolclass=NullPool)
    with engine.connect() as connection, migrations.migration_lock(connection, lock_seconds=5):
        started = time.monotonic()
        with pytest.raises(MigrationError, match=r"Another migration .* 0\.2 s"):
            upgrade(empty_url, lock_seconds=0.2)
        assert time.monotonic() - started < 10
    assert upgrade(empty_url) == (None, HEAD), "the lock is free again"


def test_an_unknown_revision_is_named(empty_url: str) -> None:
    with pytest.raises(MigrationError, match="nonsense"):
        upgrade(empty_url, "nonsense")
    assert _names(empty_url) <= {"alembic_version", "alembic_version_pkc"}


def test_no_server(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable):
        upgrade(f"postgresql://127.0.0.1:{unused_tcp_port}/db")


def test_from_the_layout_of_a_lambda_zip(empty_url: str, tmp_path: Path) -> None:
    """The package and `migrations` side by side, nothing else, and a path with a percent sign."""
    task = tmp_path / "var%20task"
    package = Path(controlplane.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, task / "controlplane", ignore=ignore)
    shutil.copytree(package.parents[1] / "migrations", task / "migrations", ignore=ignore)
    script = f"sys_path = __import__('sys').path; sys_path.insert(0, '.'); {UPGRADE}"
    script += "print(__import__('controlplane').__file__, upgrade(sys.argv[1]))"
    out, err = _python(script, empty_url, cwd=task).communicate(timeout=60)
    assert out == f"{task}/controlplane/__init__.py (None, '{HEAD}')\n", err


def _python(script: str, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    source = str(Path(controlplane.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": source},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
