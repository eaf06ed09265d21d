-- Roles belong to the cluster, not to the database: another database may have made them already,
-- or be making them at this moment.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['llm_cp_tenant', 'llm_cp_system'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        -- SET without INHERIT: the login may become the role, and until it does so, sees nothing.
        IF NOT pg_has_role(current_user, wanted, 'SET') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE', wanted);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO llm_cp_tenant, llm_cp_system;
