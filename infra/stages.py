"""The stages: sizes and choices, as data. A stage differs from another by nothing but these."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from infra import REPOSITORY

Compute = Literal["function", "service"]


@dataclass(frozen=True, slots=True)
class Cors:
    """Without origins only pages of the distribution itself may call: they need no permission."""

    allow_origins: list[str]
    allow_methods: list[str]
    allow_headers: list[str]
    expose_headers: list[str]
    max_age_seconds: int


@dataclass(frozen=True, slots=True)
class Domain:
    """An own name for the distribution: its certificate (us-east-1) covers it, DNS points to it."""

    name: str
    certificate_arn: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One deployment. The defaults are the smallest and cheapest that work."""

    name: Literal["sandbox", "demo", "prod"]

    # Network: an own NAT instance (t4g.nano), or this many managed gateways. Zones by their id,
    # the same zone in every account; neither Lambda nor ElastiCache Serverless is in use1-az3.
    # https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
    vpc_cidr: str = "10.20.0.0/16"
    zones: tuple[str, ...] = ("use1-az1", "use1-az2")
    nat_gateways: int = 0

    # Aurora. A minimum of 0 lets it pause.
    aurora_min_acu: float = 0
    aurora_max_acu: float = 2
    aurora_readers: int = 0
    aurora_backup_days: int = 1

    # Valkey: the most it may grow to.
    cache_max_gb: int = 1
    cache_max_ecpu_per_second: int = 5_000
    cache_snapshot_days: int = 0

    # What callers meet: the function, billed while it waits for a model, or the tasks of a service,
    # each with a process a core. Queue, events and migrations are the function's in any case.
    compute: Compute = "function"
    task_cores: int = 1
    task_memory_mb: int = 2048
    # Bytes from the providers are billed by NAT gateways. With an address of its own a task does
    # without, and comes to them from another address after each release; nothing may come in.
    task_addresses: bool = False
    tasks_least: int = 2
    tasks_most: int = 4
    open_requests_per_process: int = 400  # more are made until it is less

    # Function. A stream may last as long as the function does, an answer that API Gateway collects
    # as long as its quota says: 29 seconds unless the account has raised it.
    memory_mb: int = 1024
    timeout_seconds: int = 120  # outlasts an Aurora that wakes, for batches, schedules and the hook
    collect_seconds: int = 29
    streaming: bool = False
    snap_start: bool = False
    xray: bool = False
    datadog: bool = False
    traffic_shift: str = "ALL_AT_ONCE"  # a name of codedeploy.LambdaDeploymentConfig

    # The quota of the account's functions in the region; a new account has 10.
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    account_concurrency: int = 10

    # Who may come, and how often.
    throttle_per_second: int = 50
    throttle_burst: int = 100
    firewall_requests_per_5_minutes: int = 2_000  # with one credential
    firewall_requests_of_address_per_5_minutes: int | None = None  # a rule is a dollar a month
    # To the first byte of an answer, and between two of a stream. More is a quota of CloudFront's.
    origin_read_timeout_seconds: int = 120
    domain: Domain | None = None
    # Where CloudFront comes from to an origin inside the VPC: `com.amazonaws.global.cloudfront.
    # origin-facing`, which has another id in each region.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
    cloudfront_prefix_list: str = "pl-3b927c52"

    # Audit. Waiting for a fuller batch lets Aurora sleep.
    audit_batch_window_seconds: int = 60
    audit_batch_size: int = 100  # of a batch, each organisation becomes an object in S3
    audit_max_concurrency: int = 2
    object_lock: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    audit_years: int = 7

    # Upkeep.
    reconcile_ledger: bool = False  # hourly, and it touches Aurora
    customer_key: bool = False
    retain_data: bool = False
    first_deployment: bool = False  # said by infra/deployment.py
    alarms: Literal["essential", "all"] = "essential"
    alarm_emails: tuple[str, ...] = ()
    slow_seconds: int = 20  # what one call in a hundred may take before an alarm
    daily_cost_usd: int = 20  # what the models of a day may cost before an alarm
    log_days: int = 30
    log_percent: int = 100  # of the lines about requests that went well; the audit trail has all

    @property
    def prefix(self) -> str:
        """The name of the stack, the function and all that is named after them."""
        return f"llm-cp-{self.name}"

    @property
    def is_protected(self) -> bool:
        """True where nothing may be deleted; a first deployment has to be, if it fails."""
        return self.retain_data and not self.first_deployment

    @property
    def database_pauses(self) -> bool:
        """True where an open connection would keep Aurora, and its bill, awake."""
        return self.aurora_min_acu == 0

    @property
    def database_connections(self) -> int:
        """How many connections Aurora takes at its largest.

        https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max-connections
        """
        ceiling = 2_000 if self.aurora_min_acu < 1 else 5_000
        return min(int(200 * self.aurora_max_acu), ceiling)


SANDBOX = Stage("sandbox")

DEMO = Stage(
    "demo",
    vpc_cidr="10.21.0.0/16",
    compute="service",
    aurora_min_acu=0.5,
    aurora_max_acu=4,
    aurora_backup_days=7,
    cache_max_gb=2,
    cache_max_ecpu_per_second=10_000,
    cache_snapshot_days=1,
    timeout_seconds=310,
    streaming=True,
    account_concurrency=1_000,
    slow_seconds=60,
    traffic_shift="CANARY_10_PERCENT_5_MINUTES",
    throttle_per_second=200,
    throttle_burst=400,
    firewall_requests_per_5_minutes=10_000,
    firewall_requests_of_address_per_5_minutes=60_000,
    audit_batch_window_seconds=10,
    audit_max_concurrency=5,
    reconcile_ledger=True,
    daily_cost_usd=100,
)

PROD = Stage(
    "prod",
    vpc_cidr="10.22.0.0/16",
    compute="service",
    task_cores=2,
    task_memory_mb=4096,
    task_addresses=True,
    tasks_least=3,
    tasks_most=60,
    zones=("use1-az1", "use1-az2", "use1-az4"),
    nat_gateways=3,
    aurora_min_acu=2,
    aurora_max_acu=64,
    aurora_readers=1,
    aurora_backup_days=35,
    cache_max_gb=50,
    cache_max_ecpu_per_second=200_000,
    cache_snapshot_days=7,
    timeout_seconds=310,
    streaming=True,
    snap_start=True,
    account_concurrency=5_000,
    slow_seconds=60,
    traffic_shift="CANARY_10_PERCENT_5_MINUTES",
    throttle_per_second=2_000,
    throttle_burst=4_000,
    firewall_requests_per_5_minutes=100_000,
    firewall_requests_of_address_per_5_minutes=600_000,
    audit_batch_window_seconds=10,
    audit_batch_size=1_000,
    audit_max_concurrency=50,
    object_lock="COMPLIANCE",
    reconcile_ledger=True,
    customer_key=True,
    retain_data=True,
    alarms="all",
    daily_cost_usd=5_000,
    log_percent=10,
)

STAGES: dict[str, Stage] = {stage.name: stage for stage in (SANDBOX, DEMO, PROD)}


def read_cors(stage: Stage) -> Cors:
    """Read `<stage>-llm-cp/cors.json`. Raises TypeError for a field that is missing or unknown."""
    path = REPOSITORY / "infra" / f"{stage.name}-llm-cp" / "cors.json"
    return Cors(**json.loads(path.read_text()))
