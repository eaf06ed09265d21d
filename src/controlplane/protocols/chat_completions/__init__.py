"""OpenAI's chat completions, which most clients and most servers speak.

https://platform.openai.com/docs/api-reference/chat
"""
