"""Anthropic's Messages API, spoken to for callers who speak OpenAI's chat API.

https://platform.claude.com/docs/en/api/messages
"""
