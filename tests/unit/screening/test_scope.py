"""Own detectors, allow-lists, base64, and texts with more findings than anybody reads."""

from __future__ import annotations

import base64

import pytest

from controlplane.errors import InvalidRequest
from controlplane.screening.detect import MAX_HITS
from controlplane.screening.redact import redact
from controlplane.screening.scan import scan
from controlplane.screening.scope import Scope, allowed_value, custom_detector

KEY = "sk-proj-" + "aB3dE6gH9j" * 6


def kinds(text: str, scope: Scope) -> list[str]:
    return [finding.kind for finding in scan({"content": text}, scope)]


def test_own_detectors_find_and_redact_and_stay_in_their_string() -> None:
    scope = Scope(custom=(custom_detector("employee_id", "EMP-[0-9]{6}"),))
    assert kinds("I am EMP-123456", scope) == ["employee_id"]
    body = {"a": "EMP-123456", "b": "EMP-", "c": "EMP-123456 x"}
    findings = scan(body, scope)
    assert redact(body, findings, scope=scope) == {
        "a": "[EMPLOYEE_ID_1]",
        "b": "EMP-",
        "c": "[EMPLOYEE_ID_1] x",
    }
    greedy = Scope(custom=(custom_detector("rest", "x[^y]*"),))
    found = scan({"a": "x1", "b": "22", "c": "3"}, greedy)
    assert [(finding.place, finding.length) for finding in found] == [("a", 2)]


def test_what_the_organisation_allows_is_no_finding() -> None:
    scope = Scope(
        domains=frozenset({"acme.com"}), values=frozenset({allowed_value("4111 1111 1111 1111")})
    )
    assert kinds("a@acme.com b@mail.ACME.com 4111-1111-1111-1111", scope) == []
    assert kinds("a@notacme.com 5500 0000 0000 0004", scope) == ["email", "credit_card"]
    assert kinds("a@acme.com.evil.org", scope) == ["email"]


def test_what_is_not_wanted_is_not_looked_for() -> None:
    scope = Scope(wanted=lambda detector: detector.kind != "email")
    assert kinds("a@b.co 123-45-6789", scope) == ["us_ssn"]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("padding", ["", " ", "ab"])
def test_a_secret_in_base64_is_found_and_goes_with_all_of_it(encode: object, padding: str) -> None:
    assert callable(encode)
    encoded = encode(f"{padding}OPENAI_API_KEY={KEY}\n".encode()).decode()
    (finding,) = scan({"content": f"data: {encoded} end"})
    assert (finding.kind, finding.offset, finding.length) == ("secret", 6, len(encoded))
    body = {"content": f"data: {encoded} end"}
    assert redact(body, scan(body)) == {"content": "data: [SECRET_1] end"}
    assert kinds(base64.b64encode(b"an ordinary sentence, nothing in it").decode(), Scope()) == []


def test_very_many_findings_are_counted_to_a_thousand_and_redacted_whole_or_refused() -> None:
    some = {"content": " ".join(f"user{n}@example.com" for n in range(2500))}
    findings = scan(some)
    assert len(findings) == MAX_HITS
    redacted = redact(some, findings)["content"]
    assert "@" not in redacted
    assert redacted.endswith("[EMAIL_2500]")
    many = {"content": " ".join(f"user{n}@example.com" for n in range(12_000))}
    with pytest.raises(InvalidRequest):
        redact(many, scan(many))
    # One kind in great number hides no other.
    assert {f.kind for f in scan({"content": f"{many['content']} {KEY}"})} == {"email", "secret"}
