"""Model providers: a kind is one row in `registry.py`, and a folder where it speaks a
format of its own.
"""
