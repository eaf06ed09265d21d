-- The safety net: a row of a month without a partition lands here instead of failing.
CREATE TABLE request_logs_default PARTITION OF request_logs DEFAULT;
ALTER TABLE request_logs_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_logs_default FORCE ROW LEVEL SECURITY;

-- Make the partitions of `months` months from the one of `first` on; answers how many are missing
-- afterwards: 0, or more where a lock was not to be had soon (a dump is running, say). Those rows go
-- to the default partition, and move over when a later call makes their partition.
--
-- Attaching needs far weaker locks on request_logs than CREATE TABLE ... PARTITION OF does: inserts
-- go on meanwhile. Runs as the owner: who writes the audit trail may not alter its table.
CREATE FUNCTION ensure_request_log_partitions(first date, months integer) RETURNS integer
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
            -- One at a time: ATTACH takes this lock anyway. Whoever waited for it looks again.
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

REVOKE ALL ON FUNCTION ensure_request_log_partitions(date, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_request_log_partitions(date, integer) TO llm_cp_system;

-- Last month, for what is delivered late, and the months ahead.
SELECT ensure_request_log_partitions((now() AT TIME ZONE 'UTC' - interval '1 month')::date, 6);
