-- The same second lock as for the first tables: see 0001_row_level_security.sql.
DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['notification_settings', 'budget_warnings'] LOOP
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

GRANT SELECT, INSERT, UPDATE ON notification_settings TO llm_cp_tenant, llm_cp_system;
-- The consumer of the audit trail notes what was sent.
GRANT SELECT ON budget_warnings TO llm_cp_tenant;
GRANT SELECT, INSERT ON budget_warnings TO llm_cp_system;
