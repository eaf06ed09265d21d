-- The second lock. Every transaction takes on one of two roles (adapters/postgres/engine.py):
-- llm_cp_tenant sees the rows of the organisation in app.org_id, llm_cp_system those of all.
-- FORCE holds the owner to it as well, so a statement outside of such a transaction sees nothing.
DO $$
DECLARE
    target text;
    org_column text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'organizations', 'applications', 'api_keys', 'policies', 'model_routes', 'request_logs'
    ] LOOP
        org_column := CASE target WHEN 'organizations' THEN 'id' ELSE 'org_id' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %I TO llm_cp_tenant '
            'USING (%I = current_setting(''app.org_id'', true)) '
            'WITH CHECK (%I = current_setting(''app.org_id'', true))',
            target, org_column, org_column);
        EXECUTE format(
            'CREATE POLICY system_access ON %I TO llm_cp_system USING (true) WITH CHECK (true)',
            target);
    END LOOP;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE
    ON organizations, applications, api_keys, policies, model_routes
    TO llm_cp_system;

GRANT SELECT, UPDATE (name) ON organizations TO llm_cp_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON applications, api_keys, policies, model_routes
    TO llm_cp_tenant;

-- The audit trail is append-only, for both: nobody rewrites what was recorded.
GRANT SELECT ON request_logs TO llm_cp_tenant, llm_cp_system;
GRANT INSERT, UPDATE (archive_key) ON request_logs TO llm_cp_system;
