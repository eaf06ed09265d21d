-- One day of an organisation's requests: some applications, callers, models, sessions, end users,
-- agents and tags are used far more than others. A session belongs to one caller, one end user and
-- one agent, and mostly to one day; a request has up to three tags, of any application.
INSERT INTO request_logs (request_id, occurred_at, admitted_at, org_id, subject, role, status,
    application_id, end_user, session_id, agent_id, tags, operation, stream, model_requested,
    model_served, provider, attempts, tokens_input, tokens_output, tokens_cached, tokens_reasoning,
    cost_microusd, latency_ms, overhead_ms, screening, degraded, schema_version, archive_key,
    policy_version, replayed)
SELECT 'req_' || md5(%(org)s || %(day)s::text || i), at, at - interval '40 ms', %(org)s,
    'key:key-' || subject, 'service', status, 'app-' || subject %% 20,
    CASE WHEN session %% 10 < 6 THEN 'customer-' || floor(5000 * power(drawn_user, 2)) END,
    CASE WHEN session %% 20 < 17 THEN 'session-' || session END,
    CASE WHEN session %% 10 < 7 THEN 'agent-' || floor(200 * power(drawn_agent, 2)) END,
    CASE floor(tagged * 4)
        WHEN 0 THEN '[]'::jsonb
        WHEN 1 THEN jsonb_build_array('team:' || first_tag)
        WHEN 2 THEN jsonb_build_array('team:' || first_tag, 'feature:' || second_tag)
        ELSE jsonb_build_array('team:' || first_tag, 'feature:' || second_tag, 'run:' || third_tag)
    END,
    'chat.completions', false, 'model-' || model, CASE WHEN status <> 429 THEN 'model-' || model END,
    CASE WHEN status <> 429 THEN (ARRAY['openai', 'azure', 'anthropic'])[1 + model %% 3] END,
    '[{"provider": "openai", "model": "m", "status": 200, "failure": null, "latency_ms": 800}]',
    (chance * 4000)::bigint, (chance * 700)::bigint, (chance * 1000)::bigint, 0,
    (chance * 17000)::bigint, (200 + chance * 4000)::bigint, 8, '{}', false, 1,
    'audit/org=org-bench/dt=2026-01-01/' || md5(%(day)s::text || i / 100) || '.jsonl.gz',
    'organization:org-bench:1', chance > 0.99
FROM (
    SELECT i, at, session, chance, tagged, drawn_user, drawn_agent,
        floor(200 * power(drawn_subject, 2))::int AS subject,
        (floor(200 * power(drawn_subject, 2))::int + floor(10 * power(drawn_model, 3))::int) %% 10
            AS model,
        floor(100 * power(drawn_tag, 2)) AS first_tag,
        floor(100 * power((drawn_tag * 17)::numeric %% 1, 2)) AS second_tag,
        floor(100 * power((drawn_tag * 289)::numeric %% 1, 2)) AS third_tag,
        CASE WHEN chance < 0.01 THEN 429 WHEN chance < 0.013 THEN 503 ELSE 200 END AS status
    FROM (
        SELECT i, at, session, chance, tagged, drawn_tag, drawn_model,
            abs(hashint4(session)::bigint) %% 10007 / 10007.0 AS drawn_subject,
            abs(hashint4(session + 1)::bigint) %% 10009 / 10009.0 AS drawn_user,
            abs(hashint4(session + 2)::bigint) %% 10037 / 10037.0 AS drawn_agent
        FROM (
            SELECT i, random() AS chance, random() AS tagged, random() AS drawn_tag,
                random() AS drawn_model,
                %(day)s::timestamptz + i * (interval '1 day' / %(rows)s) AS at,
                (%(sessions)s * (%(number)s + random() * random()
                    - CASE WHEN random() < 0.1 THEN 1 ELSE 0 END))::int AS session
            FROM generate_series(0, %(rows)s - 1) AS i
        ) AS chosen
    ) AS drawn
) AS named
