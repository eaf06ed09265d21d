-- As before, but alone on request_logs while a month is made. PostgreSQL reads the list of partitions
-- for a statement in steps. Where ATTACH commits between two of them, that connection keeps the old
-- list: it writes rows of the new month to the default partition, and does not find those in it,
-- until the next partition is made. Whoever holds any lock on request_logs may be reading the list.
CREATE OR REPLACE FUNCTION ensure_request_log_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '500ms'
SET timezone = 'UTC'
AS $$
DECLARE
    lower_bound timestamptz;
    upper_bound timestamptz;
    partition text;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        lower_bound := date_trunc('month', first::timestamp) + make_interval(months => i);
        upper_bound := lower_bound + interval '1 month';
        partition := format('request_logs_%s', to_char(lower_bound, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        BEGIN
            -- In the order of readers and writers: the table, then a partition. Whoever waited for
            -- the locks looks again.
            LOCK TABLE ONLY request_logs IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE request_logs_default IN ACCESS EXCLUSIVE MODE;
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I (LIKE request_logs INCLUDING ALL)', partition);
            -- Without FORCE for a moment: the owner has to see the rows that it moves.
            ALTER TABLE request_logs_default NO FORCE ROW LEVEL SECURITY;
            EXECUTE format(
                'WITH moved AS (DELETE FROM request_logs_default '
                'WHERE occurred_at >= $1 AND occurred_at < $2 RETURNING *) '
                'INSERT INTO %I SELECT * FROM moved', partition) USING lower_bound, upper_bound;
            ALTER TABLE request_logs_default FORCE ROW LEVEL SECURITY;
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
            EXECUTE format(
                'ALTER TABLE request_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                partition, lower_bound, upper_bound);
        EXCEPTION WHEN lock_not_available THEN
            RETURN months - i;
        END;
    END LOOP;
    RETURN 0;
END
$$;

-- What went astray goes to its month. An event that was delivered again may lie in both places.
LOCK TABLE ONLY request_logs IN ACCESS EXCLUSIVE MODE;
ALTER TABLE request_logs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE request_logs_default NO FORCE ROW LEVEL SECURITY;
WITH moved AS (
    DELETE FROM request_logs_default
    WHERE to_regclass('request_logs_' || to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY_MM'))
        IS NOT NULL
    RETURNING *
)
INSERT INTO request_logs SELECT * FROM moved ON CONFLICT DO NOTHING;
ALTER TABLE request_logs_default FORCE ROW LEVEL SECURITY;
ALTER TABLE request_logs FORCE ROW LEVEL SECURITY;
