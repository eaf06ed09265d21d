"""What is said about a document that is not a policy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.unit.gateway.test_aside import LONGEST_SECONDS, heavy_patterns, longest_wait

from controlplane.admin.faults import MAX_FAULTS_SHOWN
from controlplane.admin.policies import (
    MAX_DOCUMENT_BYTES,
    InvalidPolicyDocument,
    check_aside,
    check_document,
    tag,
)
from controlplane.domain.policy import Level, PolicyEntry
from controlplane.errors import PayloadTooLarge


def test_one_fault_is_the_message() -> None:
    with pytest.raises(InvalidPolicyDocument) as refused:
        check_document({"mode": "loud"})
    assert refused.value.envelope() == {
        "error": {
            "message": "'mode' must be one of enforce, shadow.",
            "type": "invalid_request_error",
            "param": "mode",
            "code": None,
            "errors": [{"field": "mode", "message": "must be one of enforce, shadow"}],
        }
    }


def test_many_faults_are_counted_and_the_first_are_shown() -> None:
    with pytest.raises(InvalidPolicyDocument) as refused:
        check_document({f"x{n}": n for n in range(1_000)})
    error = refused.value.envelope()["error"]
    assert error["message"].startswith("The policy has 1000 faults. The first: 'x0' is not a field")
    assert len(error["errors"]) == MAX_FAULTS_SHOWN


def test_the_size_is_bounded() -> None:
    values = ["x" * 250 for _ in range(MAX_DOCUMENT_BYTES // 250)]
    with pytest.raises(PayloadTooLarge):
        check_document({"screening": {"allow": {"values": values}}})
    with pytest.raises(InvalidPolicyDocument):
        check_document({"screening": {"allow": {"values": values[:-20]}}})


async def test_no_other_caller_waits_while_patterns_are_weighed() -> None:
    async def check() -> None:
        custom = [{"kind": each.kind, "pattern": each.pattern} for each in heavy_patterns()]
        await check_aside({"screening": {"custom": custom}})

    assert await longest_wait(check) < LONGEST_SECONDS


async def test_a_fault_that_is_found_aside_is_the_same() -> None:
    with pytest.raises(InvalidPolicyDocument, match="'mode' must be one of"):
        await check_aside({"mode": "loud"})


@pytest.mark.dates
def test_a_tag_is_of_the_version_and_its_content_and_of_nothing_else() -> None:
    def entry(version: int, concurrency: int, changed_by: str) -> PolicyEntry:
        now = datetime.now(UTC)
        document = {"concurrency": concurrency}
        return PolicyEntry(Level.USER, "u", version, document, changed_by, now)

    assert tag(entry(1, 1, "a")) == tag(entry(1, 1, "b"))
    tags = {tag(entry(1, 1, "a")), tag(entry(1, 2, "a")), tag(entry(2, 1, "a"))}
    assert len(tags) == 3
