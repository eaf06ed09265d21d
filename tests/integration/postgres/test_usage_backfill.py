"""The migration sums up what is recorded already as the consumer would have done."""

from __future__ import annotations

import psycopg

from controlplane.adapters.postgres.migrations import upgrade

BEFORE = "0002"
# Two days, also by another clock; texts longer than an entry of an index; unknown names and
# costs; a model that led nowhere.
RECORD = """
INSERT INTO request_logs (request_id, occurred_at, org_id, subject, role, status, application_id,
    operation, stream, model_requested, model_served, provider, attempts, tokens_input,
    tokens_output, tokens_cached, tokens_reasoning, cost_microusd, latency_ms, overhead_ms,
    screening, degraded, schema_version)
VALUES (%s, %s, 'org-1', %s, 'service', %s, %s, 'chat.completions', false, %s, %s, %s, '[]',
    10, 5, 4, 3, %s, 100, 1, '{}', false, 1)
"""
LONG = "m" * 5_000
RECORDS = [
    ("r1", "2026-03-01T23:59:59.999999Z", "key:k", 200, "app-1", "a", "gpt-4o", "openai", 70),
    ("r2", "2026-03-02T01:00:00+02:00", "key:k", 429, "app-1", "gpt-4o", None, "openai", 7),
    ("r3", "2026-03-02T00:00:00Z", "key:k", 503, "app-1", "a", "gpt-4o", "openai", None),
    ("r4", "2026-03-02T00:00:00Z", "user:u", 200, None, None, None, None, None),
    ("r5", "2026-03-02T00:00:00Z", "user:u", 503, None, LONG, None, None, None),
    ("r6", "2026-03-02T00:00:00Z", "user:u", 404, None, "made-up", None, None, None),
]


def test_what_is_there_is_summed_up(empty_url: str) -> None:
    upgrade(empty_url, BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        for record in RECORDS:
            connection.execute(RECORD, record)
    upgrade(empty_url)
    with psycopg.connect(empty_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        found = connection.execute(
            "SELECT day::text, application_id, subject, provider, model, requests, refused, "
            "failed, tokens_input, tokens_output, tokens_cached, tokens_reasoning, cost_microusd, "
            "latency_ms FROM usage_daily ORDER BY 1, 3, 5"
        ).fetchall()
    assert found == [
        ("2026-03-01", "app-1", "key:k", "openai", "gpt-4o", 2, 1, 0, 20, 10, 8, 6, 77, 200),
        ("2026-03-02", "app-1", "key:k", "openai", "gpt-4o", 1, 0, 1, 10, 5, 4, 3, 0, 100),
        ("2026-03-02", "", "user:u", "", "", 2, 1, 0, 20, 10, 8, 6, 0, 200),
        ("2026-03-02", "", "user:u", "", LONG[:200], 1, 0, 1, 10, 5, 4, 3, 0, 100),
    ]


def test_days_with_records_are_noted_for_the_sums_by_attribution(empty_url: str) -> None:
    """Their sums take minutes where there are millions: an event makes them, not the migration."""
    upgrade(empty_url, "0006")
    with psycopg.connect(empty_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        connection.execute("INSERT INTO organizations (id, name) VALUES ('org-1', 'n')")
        connection.execute(
            "INSERT INTO usage_daily (org_id, day, application_id, subject, provider, model) "
            "SELECT 'org-2', '2026-03-01', app, '', '', '' FROM unnest('{a,b}'::text[]) AS app"
        )
    upgrade(empty_url, "0012")
    with psycopg.connect(empty_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        noted = connection.execute(
            "SELECT org_id, CASE WHEN org_id = 'org-1' "
            "THEN (day - (now() AT TIME ZONE 'UTC')::date)::text ELSE day::text END "
            "FROM usage_unattributed_days ORDER BY 1, 2"
        ).fetchall()
        summed = connection.execute("SELECT count(*) FROM usage_attributed_daily").fetchone()
    assert noted == [("org-1", "0"), ("org-2", "2026-03-01")]
    assert summed == (0,)
