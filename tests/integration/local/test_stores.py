"""PostgreSQL, Valkey and emulated AWS as the local stack starts them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from controlplane.local import postgres, valkey
from controlplane.local.aws import ADMIN_EMAIL
from controlplane.local.children import LocalStackError
from controlplane.local.emulator import AwsEmulator
from controlplane.local.postgres import Postgres
from controlplane.local.stores import StoreServers
from controlplane.local.valkey import Valkey

from .processes import environment


@contextmanager
def running(folder: Path) -> Iterator[StoreServers]:
    stores = StoreServers(folder)
    try:
        stores.start(environment())
        assert len(list(stores.wait_ready())) == 3
        yield stores
    finally:
        stores.stop()
    assert [child.exit_code is None for child in stores.children] == [False] * 3


def test_data_outlive_a_stop(tmp_path: Path) -> None:
    with running(tmp_path) as stores:
        assert stores.postgres.fresh
        with psycopg.connect(stores.postgres.url) as connection:
            connection.execute("CREATE TABLE kept (n integer)")
            connection.execute("INSERT INTO kept VALUES (7)")
        with redis.Redis.from_url(stores.valkey.url) as client:
            client.set("kept", "7")
        cognito = stores.aws.cognito
    with running(tmp_path) as stores:
        assert not stores.postgres.fresh
        with psycopg.connect(stores.postgres.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
        with redis.Redis.from_url(stores.valkey.url) as client:
            assert client.get("kept") == b"7"
        # Who holds a token of before the restart is still known by its pool.
        assert stores.aws.cognito["COGNITO_ISSUER"] == cognito["COGNITO_ISSUER"]
        assert stores.aws.cognito["COGNITO_CLIENT_IDS"] == cognito["COGNITO_CLIENT_IDS"]


def test_the_gateways_role_is_bound_by_row_level_security(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", settings={"fsync": "off"})
    server.start()
    try:
        server.wait_ready()
        query = "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = USER"
        with psycopg.connect(server.url) as connection:
            assert connection.execute(query).fetchone() == (False, False, True)
        with psycopg.connect(server.admin_url) as connection:
            assert connection.execute(query).fetchone() == (True, True, True)
            assert connection.execute("SHOW fsync").fetchone() == ("off",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url.replace("llm_cp:", "llm_cp:x"))
    finally:
        server.stop()


def test_servers_left_by_a_killed_supervisor_are_replaced(tmp_path: Path) -> None:
    lost_postgres, lost_valkey = Postgres(tmp_path / "postgres"), Valkey(tmp_path / "valkey")
    lost_postgres.start()
    lost_valkey.start()
    try:
        lost_postgres.wait_ready()
        lost_valkey.wait_ready()
        with redis.Redis.from_url(lost_valkey.url) as client:
            client.set("kept", "7")
        new_postgres, new_valkey = Postgres(tmp_path / "postgres"), Valkey(tmp_path / "valkey")
        try:
            new_postgres.start()
            new_valkey.start()
            new_postgres.wait_ready()
            new_valkey.wait_ready()
            assert not new_postgres.fresh
            with redis.Redis.from_url(new_valkey.url) as client:
                assert client.get("kept") == b"7"
            for lost in (lost_postgres.child, lost_valkey.child):
                assert lost is not None
                assert lost.exit_code is not None
        finally:
            new_valkey.stop()
            new_postgres.stop()
    finally:
        lost_valkey.stop()
        lost_postgres.stop()


def test_a_lost_password_is_one_sentence(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres")
    for expected in (None, "remove that folder"):
        server.start()
        try:
            if expected is None:
                server.wait_ready()
            else:
                with pytest.raises(LocalStackError, match=expected):
                    server.wait_ready()
        finally:
            server.stop()
        (tmp_path / "postgres" / "password").unlink()


def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "postgres", settings={"shared_buffers": "nonsense"})
    server.start()
    try:
        with pytest.raises(LocalStackError, match=r"(?s)PostgreSQL ended .*shared_buffers"):
            server.wait_ready()
    finally:
        server.stop()


def test_the_path_is_used_where_there_is_no_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_folder, valkey_binary = postgres.find_binaries(), valkey.find_binary()
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)
    monkeypatch.setattr(valkey, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalStackError, match="No PostgreSQL found"):
        postgres.find_binaries()
    with pytest.raises(LocalStackError, match="No Valkey found"):
        valkey.find_binary()
    (tmp_path / "initdb").symlink_to(postgres_folder / "initdb")
    (tmp_path / "redis-server").symlink_to(valkey_binary)
    assert postgres.find_binaries() == postgres_folder
    assert valkey.find_binary() == tmp_path / "redis-server"


def test_an_old_postgresql_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initdb", "postgres"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 13.4 (Debian 13.4-1)'\n")
        program.chmod(0o755)
    monkeypatch.setattr(postgres, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalStackError, match=r"16 or newer is needed; .* 13\.4"):
        postgres.find_binaries()


def test_emulated_aws_has_queue_bucket_and_a_user_who_signs_in(tmp_path: Path) -> None:
    emulator = AwsEmulator(tmp_path)
    aws = emulator.aws
    emulator.start(environment())
    try:
        emulator.wait_ready()
        before = aws.cognito
        for _ in range(2):
            # Again, and nothing changes.
            aws.create_resources()
            aws.create_admin(password="Not-a-secret-1", org_id="org-default")
        assert aws.cognito == before
        policy = aws.client("sqs").get_queue_attributes(
            QueueUrl=aws.queue_url, AttributeNames=["RedrivePolicy"]
        )["Attributes"]["RedrivePolicy"]
        assert json.loads(policy)["maxReceiveCount"] == 1_000
        assert json.loads(policy)["deadLetterTargetArn"].endswith(":llm-cp-audit-dlq")
        aws.client("s3").put_object(Bucket=aws.bucket, Key="k", Body=b"x")
        tokens = aws.client("cognito-idp").initiate_auth(
            ClientId=aws.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ADMIN_EMAIL, "PASSWORD": "Not-a-secret-1"},
        )["AuthenticationResult"]
        head, claims = (
            json.loads(base64.urlsafe_b64decode(f"{part}=="))
            for part in tokens["IdToken"].split(".")[:2]
        )
        assert claims["iss"] == aws.cognito["COGNITO_ISSUER"]
        assert claims["aud"] == aws.cognito["COGNITO_CLIENT_IDS"]
        assert (claims["custom:orgId"], claims["custom:userRole"]) == ("org-default", "admin")
        keys = httpx.get(aws.cognito["COGNITO_JWKS_URL"]).json()["keys"]
        assert head["kid"] in {key["kid"] for key in keys}
        # It logs no request.
        assert (tmp_path / "server.log").read_bytes() == b""
    finally:
        emulator.stop()
