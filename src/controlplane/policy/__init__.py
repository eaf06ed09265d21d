"""The policy document: a file per rule, `rules.py` lists them, `effective.py` merges levels."""
