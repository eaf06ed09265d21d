"""Anthropic's format, the Messages API."""
