"""Redis (Valkey): the limiter, and the caches of keys, policies and routes."""
