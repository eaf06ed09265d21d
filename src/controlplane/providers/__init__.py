"""Model providers: a kind is one file and one row in `registry.py`."""
