"""Redis (Valkey): the ledger, and the caches of keys, policies and routes."""
