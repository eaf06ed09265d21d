-- A key carries on the lineage of the one that it replaces, unless the two were governed apart: it has
-- or had a policy of its own, or the policy of the other was written when both were there. So no limit
-- is lost, none changes hands, and what was dropped by a rotation holds again.
SET LOCAL ROLE llm_cp_system;

WITH RECURSIVE carried_on AS (
    SELECT key.id, key.org_id, key.replaces
    FROM api_keys key
    JOIN api_keys replaced ON replaced.id = key.replaces AND replaced.org_id = key.org_id
    WHERE NOT EXISTS (
        SELECT FROM policy_versions written
        WHERE written.org_id = key.org_id
          AND written.level = 'api-key'
          AND (written.subject_id = key.id
               OR (written.subject_id = key.replaces AND written.changed_at > key.created_at))
    )
), descent AS (
    SELECT id, org_id, replaces AS ancestor FROM carried_on
    UNION
    SELECT descent.id, descent.org_id, carried_on.replaces
    FROM descent
    JOIN carried_on ON carried_on.id = descent.ancestor AND carried_on.org_id = descent.org_id
)
UPDATE api_keys
SET lineage = descent.ancestor
FROM descent
WHERE api_keys.id = descent.id
  AND NOT EXISTS (SELECT FROM carried_on WHERE carried_on.id = descent.ancestor);

RESET ROLE;
