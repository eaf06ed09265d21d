"""The parts of a stack: one file for each, composed by `infra/stack.py`."""
