"""How much of everything a month of requests takes: what was asked for, and what is assumed."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 730.0
SECONDS = 3600
KIB, GIB = 1024, 1024**3

ASSUMPTIONS = (
    "A month has 730 hours. Free allowances that an account has once are not counted.",
    "Of a request: 30 ms of our own, 10 KiB through the NAT, 4 KiB out to the provider and to the "
    "caller each, 3 KiB of logs, 20 processing units of Valkey, 1 KiB kept there for an hour.",
    "Of an audit record: 1 KiB and one I/O in PostgreSQL for three months, 250 bytes in S3; of "
    "a batch: one object for each of its organisations. The bill is that of a year later.",
    "Aurora needs 8 capacity units for 1,000 records a second, 0.5 at least while it is awake.",
    "A scheduled event and a batch of audit records take 0.2 s and 0.5 s.",
    "Each organisation calls two models and sees two statuses; Cognito has at most 10,000 users.",
    "Not in it: the providers' tokens, Datadog, support, taxes, backups larger than the database.",
)


@dataclass(frozen=True)
class Usage:
    """One month. `active_hours` are those in which requests come at all."""

    requests: float
    llm_seconds: float
    active_hours: float
    organizations: int = 1

    own_seconds: float = 0.03
    scheduled_seconds: float = 0.2
    batch_seconds: float = 0.5
    nat_bytes: int = 10 * KIB
    out_bytes: int = 4 * KIB
    log_bytes: int = 3 * KIB
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
