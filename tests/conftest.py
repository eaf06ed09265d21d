"""Real servers for whichever test asks for one: PostgreSQL, Valkey, emulated AWS.

They start with the first fixture that needs them, are shared by all workers of pytest-xdist, and
stop with the test run. Each worker has an own database in each.
"""

from __future__ import annotations

import os
import signal
import ssl
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from controlplane.config import Settings
from controlplane.telemetry.lines import log as gateway_log
from tests import aws_calls, servers
from tests.aws_calls import AwsCall
from tests.midnight import leave_time_before_midnight
from tests.servers import Addresses

pytest_plugins = ["tests.corpora"]

# How long an example takes to make says something about the machine, and nothing about the code.
for _name, _examples in {"any machine": 100, "soak": 1_000}.items():
    hypothesis_settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
hypothesis_settings.load_profile("any machine")

gateway_log.propagate = True  # caplog listens at the root

# The machine's certificates take 50 ms to read, for each of the clients that never meet TLS.
ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]

# What these share is slow to make: each group runs on one worker, by the first that fits.
GROUPS = (
    "tests/e2e/test_budgets.py",
    "tests/e2e/",
    "tests/infra/package/",
    "tests/infra/",
    "tests/faults/",
)
_RUN = pytest.StashKey[tuple[Path, int]]()
_NEW_CALLS = pytest.StashKey[list[AwsCall]]()


def pytest_configure(config: pytest.Config) -> None:
    """The main process names the directory and itself; a worker is told."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job: what the tests start and interrupt would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    told = getattr(config, "workerinput", None)
    if told is None:
        config.stash[_RUN] = Path(tempfile.mkdtemp(prefix="llm-cp-tests-")), os.getpid()
    else:
        config.stash[_RUN] = Path(told["run_directory"]), told["run_pid"]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist."""
    directory, pid = node.config.stash[_RUN]
    node.workerinput |= {"run_directory": str(directory), "run_pid": pid}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """More than twice the processors: most of the time a test waits, for a server or a lease."""
    return 2 * (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Spread the tests over the workers one by one, except for GROUPS."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return next((group for group in GROUPS if nodeid.startswith(group)), nodeid)

    return Groups(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run, in one line for each reason."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT RUN: {count} test{'s' * (count > 1)}. {reason}")
    for call in terminalreporter.config.stash.get(_NEW_CALLS, ()):
        terminalreporter.write_line(f"FAILED tests/aws_calls.json does not have {call}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """See tests/aws_calls.py."""
    parser.addoption("--record-aws-calls", action="store_true", help="add what is new of them")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No call of AWS may be unknown to the test of what the roles allow."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    new = aws_calls.recorded(config.stash[_RUN][0].rglob("calls*")) - aws_calls.known()
    if new and config.getoption("--record-aws-calls"):
        aws_calls.add(new)
    elif new:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        config.stash[_NEW_CALLS] = sorted(new)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The main process ends what its workers started."""
    if not hasattr(config, "workerinput"):
        servers.stop(config.stash[_RUN][0])


@pytest.fixture(scope="session")
def run_directory(pytestconfig: pytest.Config) -> Path:
    """The directory of this test run, which ends with it."""
    return pytestconfig.stash[_RUN][0]


@pytest.fixture(scope="session")
def addresses(pytestconfig: pytest.Config) -> Addresses:
    """Where the servers of this run listen."""
    return servers.shared(*pytestconfig.stash[_RUN])


@pytest.fixture(scope="session")
def postgres_server(addresses: Addresses) -> str:
    """The address of PostgreSQL itself, as a superuser, for tests that make databases."""
    return addresses.postgres


@pytest.fixture(scope="session")
def migrated(pytestconfig: pytest.Config, postgres_server: str) -> str:
    """The name of a migrated database without a row, to copy with `create_database`."""
    directory, _ = pytestconfig.stash[_RUN]
    return servers.migrated_database(directory, postgres_server)


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str, migrated: str, worker_id: str) -> str:
    """The worker's own database, migrated. All its tests share it: take your own organisation.

    Its login owns it and is no superuser, as on RDS.
    """
    return servers.create_database(postgres_server, f"test_{worker_id}", migrated)


@pytest.fixture(scope="session")
def redis_url(addresses: Addresses, worker_id: str) -> str:
    """The worker's own logical database of Valkey: FLUSHDB is safe, FLUSHALL hits the others."""
    digits = "".join(filter(str.isdigit, worker_id)) or "0"
    return f"{addresses.redis}/{int(digits) % servers.VALKEY_DATABASES}"


@pytest.fixture
def clean_redis(redis_url: str) -> str:
    """The same, emptied before the test."""
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return redis_url


@pytest.fixture(scope="session")
def aws_endpoint_url(addresses: Addresses) -> Iterator[str]:
    """Emulated AWS; the process gets credentials that are worth nothing elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.delenv("AWS_PROFILE", raising=False)
        yield addresses.aws


@pytest.fixture(scope="session")
def _sqs(aws_endpoint_url: str) -> Any:
    return _aws("sqs", aws_endpoint_url)


@pytest.fixture(scope="session")
def _s3(aws_endpoint_url: str) -> Any:
    return _aws("s3", aws_endpoint_url)


@pytest.fixture
def audit_queue_url(_sqs: Any) -> str:
    """A new SQS queue."""
    url: str = _sqs.create_queue(QueueName=f"audit-{uuid.uuid4().hex}")["QueueUrl"]
    return url


@pytest.fixture
def audit_bucket(_s3: Any) -> str:
    """A new S3 bucket."""
    name = f"audit-{uuid.uuid4().hex}"
    _s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def whole_day() -> None:
    """The test ends on the day (UTC) on which it begins: at midnight a counter starts anew."""
    leave_time_before_midnight(20)


@pytest.fixture
def settings(
    postgres_url: str,
    clean_redis: str,
    aws_endpoint_url: str,
    audit_queue_url: str,
    audit_bucket: str,
) -> Settings:
    """Settings over these servers, without any provider."""
    return Settings(
        stage="local",
        region="us-east-1",
        redis_url=clean_redis,
        audit_queue_url=audit_queue_url,
        audit_bucket=audit_bucket,
        database_url=postgres_url,
        key_pepper="a pepper of the tests, at least 32 characters",
        # The machine may be busy; what happens when they are slow has tests of its own.
        redis_timeout_ms=2_000,
        audit_timeout_ms=20_000,
        aws_endpoint_url=aws_endpoint_url,
    )


def _aws(service: str, endpoint_url: str) -> Any:
    import boto3

    # Not by the credentials of what is tested: the emulator records whose call it was.
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name="us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
