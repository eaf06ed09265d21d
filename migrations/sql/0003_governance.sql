-- The same second lock as for the first tables: see 0001_row_level_security.sql.
DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'policy_versions', 'model_prices', 'admin_changes', 'usage_daily'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %I TO llm_cp_tenant '
            'USING (org_id = current_setting(''app.org_id'', true)) '
            'WITH CHECK (org_id = current_setting(''app.org_id'', true))',
            target);
        EXECUTE format(
            'CREATE POLICY system_access ON %I TO llm_cp_system USING (true) WITH CHECK (true)',
            target);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON model_prices TO llm_cp_tenant, llm_cp_system;
-- History is append-only, for both.
GRANT SELECT, INSERT ON policy_versions, admin_changes TO llm_cp_tenant, llm_cp_system;
-- Who stores an audit event adds it to the sums, and notes the use of its key.
GRANT SELECT ON usage_daily TO llm_cp_tenant;
GRANT SELECT, INSERT, UPDATE ON usage_daily TO llm_cp_system;

-- What was in force before there were versions is a version too.
SET LOCAL ROLE llm_cp_system;
INSERT INTO policy_versions (org_id, level, subject_id, version, document, changed_by, changed_at)
SELECT org_id, level, subject_id, version, document, 'system:migration', created_at FROM policies;

-- Names as long as an entry of the index has room for: adapters/postgres/tables.py.
INSERT INTO usage_daily
SELECT (coalesce(admitted_at, occurred_at) AT TIME ZONE 'UTC')::date, org_id,
       left(coalesce(application_id, ''), 200), left(subject, 200), left(coalesce(provider, ''), 200),
       left(CASE WHEN model_served <> '' THEN model_served
                 WHEN attempts <> '[]' OR status = 429 OR status >= 500 THEN coalesce(model_requested, '')
                 ELSE '' END, 200),
       count(*), count(*) FILTER (WHERE status BETWEEN 400 AND 499),
       count(*) FILTER (WHERE status >= 500),
       sum(tokens_input), sum(tokens_output), sum(tokens_cached), sum(tokens_reasoning),
       coalesce(sum(cost_microusd), 0), sum(latency_ms)
FROM request_logs
GROUP BY 1, 2, 3, 4, 5, 6;
RESET ROLE;
