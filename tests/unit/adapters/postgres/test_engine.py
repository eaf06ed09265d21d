"""Addresses, error classes and laziness: what needs no server."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from controlplane.adapters.postgres.engine import Database, is_outage, psycopg_url
from controlplane.errors import ConfigurationError

NOWHERE = "postgresql://user:geheim@127.0.0.1:9/db"


@pytest.mark.parametrize(
    ("url", "host", "database"),
    [
        ("postgresql://user:pw@db.example:5433/app", "db.example", "app"),
        ("postgres://user:pw@db.example/app", "db.example", "app"),
        ("postgresql+psycopg://user:pw@db.example/app", "db.example", "app"),
    ],
)
def test_every_spelling_is_psycopg(url: str, host: str, database: str) -> None:
    parsed = psycopg_url(url)
    assert (parsed.drivername, parsed.host, parsed.database) == (
        "postgresql+psycopg",
        host,
        database,
    )


def test_unix_socket_in_the_query_survives() -> None:
    parsed = psycopg_url("postgresql://postgres:@/app?host=/tmp/sockets")
    assert parsed.query["host"] == "/tmp/sockets"


@pytest.mark.parametrize("url", ["mysql://u:geheim@h/db", "not an address geheim", ""])
def test_other_addresses_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        psycopg_url(url)
    assert "DATABASE_URL" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_making_a_database_opens_nothing_and_hides_the_password() -> None:
    database = Database(NOWHERE)
    assert "_engine" not in vars(database)
    assert "geheim" not in repr(database) + repr(database.address)


@pytest.mark.parametrize("org_id", ["", "Org", "org/..", "org_1", "o" * 65, "org\n"])
def test_a_tenant_has_an_organisation_id(org_id: str) -> None:
    with pytest.raises(ValueError, match="organisation"):
        Database(NOWHERE).tenant(org_id)


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("08006", True),  # connection failure
        ("57P01", True),  # the administrator stops the server
        ("57014", True),  # statement timeout
        ("53300", True),  # too many connections
        ("40P01", True),  # deadlock
        ("25006", True),  # a replica after a fail-over: read-only
        ("54000", False),  # a value too large for an index
        ("22P02", False),  # not a number
        ("23502", False),  # null where none may be
        ("42P01", False),  # no such table
    ],
)
def test_outages_are_told_from_bad_statements(sqlstate: str, expected: bool) -> None:
    origin = psycopg.errors.lookup(sqlstate)("...")
    error = DBAPIError.instance("SELECT 1", {}, origin, psycopg.Error)
    assert isinstance(error, DBAPIError)
    assert is_outage(error) is expected
