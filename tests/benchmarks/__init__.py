"""Measurements, not tests: `make bench`. Numbers of one run are compared with each other only."""
