"""Translators between protocols: one folder a pair, one row in `registry.py`.

Chat completions are the hub: whoever does not speak them is translated to them first.
"""
