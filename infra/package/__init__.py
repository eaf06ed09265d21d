"""Builds the function's zip for Lambda's platform, without Docker."""
