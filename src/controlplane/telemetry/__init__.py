"""What the process says of itself: log lines, metrics, traces. Never text of a caller.

    observe(event)   a finished request: its log line, its metrics, its trace
    count(metric)    something that an operator watches: a line that is a metric too
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
from controlplane.telemetry.observation import configure, count, flush, observe

__all__ = [
    "AttemptFacts",
    "RequestFacts",
    "RequestScope",
    "begin_request",
    "configure",
    "count",
    "flush",
    "log",
    "log_crash",
    "observe",
    "request_id_var",
]
