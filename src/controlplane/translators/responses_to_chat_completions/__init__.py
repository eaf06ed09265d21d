"""OpenAI's chat completions, spoken to for callers who speak Responses.

https://platform.openai.com/docs/guides/migrate-to-responses
"""
