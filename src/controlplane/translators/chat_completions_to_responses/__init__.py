"""OpenAI's Responses, spoken to for callers who speak chat completions.

https://platform.openai.com/docs/guides/migrate-to-responses
"""
