"""How much of everything a month of requests takes: what was asked for, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 730.0
SECONDS = 3600
KIB, GIB = 1024, 1024**3

ASSUMPTIONS = (
    "A month has 730 hours. Free allowances that an account has once are not counted.",
    "A request has 4 KiB. An answer has 4 KiB whole, and 73 KB as a stream of 300 tokens: an event "
    "of about 250 bytes for each. CloudFront sends both on, the NAT takes the answer from the "
    "provider, and 6 KiB of the request and of calls to AWS.",
    "Of a request besides: 20 processing units of Valkey, 1 KiB kept there for an hour; 1.1 KB of "
    "logs that are metrics, 1.1 KB for the stage's share of requests, and 0.8 KB of Lambda and API "
    "Gateway.",
    "The function takes 30 ms of its own; a task takes 3 ms of a core, and 0.03 ms for each piece "
    "of a stream, and is busy for 60 % of its time.",
    "A task sends two audit events in one call, the function one. Of an audit record: 1 KiB and "
    "one I/O in PostgreSQL for three months, 250 bytes in S3; of a batch: one object for each of "
    "its organisations. The bill is that of a year later.",
    "Aurora needs 8 capacity units for 1,000 records a second, 0.5 at least while it is awake.",
    "A scheduled event takes 0.2 s, a batch of audit records 0.2 s and 3 ms a record.",
    "Each organisation calls two models and sees two statuses; Cognito has at most 10,000 users.",
    "Not in it: the providers' tokens, Datadog, support, taxes, backups larger than the database, "
    "the image in ECR (cents).",
)


@dataclass(frozen=True)
class Usage:
    """One month. `active_hours` are those in which requests come at all."""

    requests: float
    llm_seconds: float
    active_hours: float
    organizations: int = 1
    streamed: bool = False

    own_seconds: float = 0.03
    scheduled_seconds: float = 0.2
    batch_seconds: float = 0.2
    record_seconds: float = 0.003
    request_bytes: int = 4 * KIB
    whole_bytes: int = 4 * KIB
    tokens: int = 300
    bytes_a_token: int = 250
    aws_bytes: int = 2 * KIB
    platform_log_bytes: int = 800  # of API Gateway and Lambda, beside our own lines
    metric_log_bytes: int = 1_100
    line_log_bytes: int = 1_100
    core_seconds: float = 0.003
    core_seconds_a_piece: float = 0.00003
    busy_share: float = 0.6
    events_a_call: float = 2
    cache_ecpus: int = 20
    cache_bytes: int = KIB
    record_bytes: int = KIB
    record_months: int = 3
    archived_bytes: int = 250
    acus_per_record_per_second: float = 0.008
    least_awake_acus: float = 0.5
    series_per_organization: int = 4  # two models, two statuses
    cold_starts_per_request: float = 0.001

    @property
    def answer_bytes(self) -> int:
        """What comes from the provider, and goes to the caller."""
        return self.tokens * self.bytes_a_token if self.streamed else self.whole_bytes

    def log_bytes(self, percent: int, *, is_service: bool) -> int:
        """What a request writes where so many in a hundred get their line."""
        platform = 0 if is_service else self.platform_log_bytes
        return self.metric_log_bytes + self.line_log_bytes * percent // 100 + platform

    @property
    def nat_bytes(self) -> int:
        """What passes a NAT gateway, in either direction."""
        return self.request_bytes + self.answer_bytes + self.aws_bytes

    @property
    def cores(self) -> float:
        """What a service is kept busy by, at its share of the time."""
        pieces = self.tokens if self.streamed else 0
        seconds = self.core_seconds + pieces * self.core_seconds_a_piece
        return self.per_second * seconds / self.busy_share

    @property
    def per_second(self) -> float:
        """Requests a second while there are any."""
        return self.requests / (self.active_hours * SECONDS)

    @property
    def invocation_seconds(self) -> float:
        """What Lambda bills for one request: it bills while it waits for the model."""
        return self.llm_seconds + self.own_seconds

    @property
    def concurrency(self) -> float:
        """Requests in flight (Little's law)."""
        return self.per_second * self.invocation_seconds

    @property
    def open_requests(self) -> float:
        """The same of a service."""
        return self.per_second * self.llm_seconds

    def gigabytes(self, bytes_each: int) -> float:
        """What all requests together move or write, in GiB."""
        return self.requests * bytes_each / GIB

    def organizations_in(self, records: float) -> float:
        """How many organisations a batch of so many records has, where all are equally busy."""
        return float(self.organizations * (1 - (1 - 1 / self.organizations) ** records))

    def batches(self, size: int, window_seconds: float) -> float:
        """How often the queue hands over a batch: when it is full, or the window ends."""
        if self.per_second * window_seconds >= size:
            return self.requests / size
        windows = self.active_hours * SECONDS / max(window_seconds, 1)
        return min(self.requests, windows)
