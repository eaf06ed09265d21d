"""The request path, one verb per file; `pipeline.py` reads top to bottom."""
