"""The policy document: a file per rule, `rules.py` lists them; the others are loops over them."""
