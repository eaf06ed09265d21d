-- The audit trail stays append-only, but for records that say that the outcome is unknown
-- (domain/audit.py): the outcome takes their place, and sums that count nothing any more leave with
-- them. Restrictive policies bound what the others allow.
CREATE POLICY outcome_unknown ON request_logs AS RESTRICTIVE FOR DELETE TO llm_cp_system
    USING (code = 'hold_expired' AND status = 500);
CREATE POLICY counts_nothing ON usage_daily AS RESTRICTIVE FOR DELETE TO llm_cp_system
    USING (requests <= 0);
GRANT DELETE ON request_logs, usage_daily TO llm_cp_system;
