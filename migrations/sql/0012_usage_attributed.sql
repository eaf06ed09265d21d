-- The same second lock as for the first tables: see 0001_row_level_security.sql. The partitions have
-- no policy and no grant: they are reached through their table alone.
DO $$
DECLARE
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY['usage_attributed_daily', 'usage_unattributed_days']::regclass[] LOOP
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %s TO llm_cp_tenant '
            'USING (org_id = current_setting(''app.org_id'', true)) '
            'WITH CHECK (org_id = current_setting(''app.org_id'', true))',
            target);
        EXECUTE format(
            'CREATE POLICY system_access ON %s TO llm_cp_system USING (true) WITH CHECK (true)',
            target);
    END LOOP;
    FOR target IN
        SELECT relid FROM pg_partition_tree('usage_attributed_daily')
        UNION ALL SELECT 'usage_unattributed_days'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    END LOOP;
END
$$;

GRANT SELECT ON usage_attributed_daily, usage_unattributed_days TO llm_cp_tenant;
-- Not a trail but a sum of one: a day may be summed up anew.
GRANT SELECT, INSERT, UPDATE, DELETE ON usage_attributed_daily TO llm_cp_system;
GRANT SELECT, INSERT, DELETE ON usage_unattributed_days TO llm_cp_system;

-- Today, too: the version before this one stores records until traffic has moved.
SET LOCAL ROLE llm_cp_system;
INSERT INTO usage_unattributed_days
SELECT DISTINCT org_id, day FROM usage_daily
UNION SELECT id, (now() AT TIME ZONE 'UTC')::date FROM organizations;
RESET ROLE;
