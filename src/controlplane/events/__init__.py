"""Custom events, `{"type": ...}`: one file each with `run(event, container)`, one row here."""

EVENTS = {
    "user-migration": "migrate",
    "user-seeder": "seed",
    "policy-cache-refresh": "refresh_policy_cache",
    "audit-recover": "audit_recover",
    "hold-sweep": "hold_sweep",
    "ledger-restore": "ledger_restore",
    "ledger-reconcile": "ledger_reconcile",
    "usage-roll-up": "usage_roll_up",
}
