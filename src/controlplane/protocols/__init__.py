"""The protocols that clients and providers speak: one folder each, one row in `registry.py`."""
