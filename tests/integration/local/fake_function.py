"""A handler that does what its event says."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any


def handler(event: Any, context: Any) -> Any:
    """One deed for each kind of event."""
    match event:
        case {"raise": message}:
            raise ValueError(message)
        case {"unserialisable": _}:
            return object()
        case {"sleep": seconds, "append": path}:
            time.sleep(seconds)
            with Path(path).open("a") as file:
                file.write("done\n")
            return None
        case {"context": _}:
            return {
                "thread": threading.current_thread().name,
                "request_id": context.aws_request_id,
                "name": context.function_name,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "remaining": context.get_remaining_time_in_millis(),
            }
        case {"Records": records}:
            return consume(records)
    return {"echo": event}


def consume(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Each body names the file that it is written to; `poison` fails alone, `bomb` fails all."""
    failures = []
    for record in records:
        path, _, text = record["body"].partition(" ")
        with Path(path).open("a") as file:
            file.write(f"{text} {record['attributes']['ApproximateReceiveCount']}\n")
        if text == "bomb":
            raise RuntimeError("a batch that fails")
        if text == "poison":
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
