"""What the process says of itself: log lines, metrics, traces. Never text of a caller.

    observe(event)   a finished request: its log line, its metrics, its trace
    count(metric)    something that an operator watches: a line that is a metric too
    gauge(metric)    the same of how much there is right now
    log, log_crash   any other line

Everything leaves as lines of JSON on standard output. Datadog and OpenTelemetry are asked for by
`configure` and imported only then.
"""

from controlplane.telemetry.facts import AttemptFacts, RequestFacts
from controlplane.telemetry.lines import (
    RequestScope,
    begin_request,
    log,
    log_crash,
    request_id_var,
)
from controlplane.telemetry.observation import configure, count, flush, gauge, observe

__all__ = [
    "AttemptFacts",
    "RequestFacts",
    "RequestScope",
    "begin_request",
    "configure",
    "count",
    "flush",
    "gauge",
    "log",
    "log_crash",
    "observe",
    "request_id_var",
]
