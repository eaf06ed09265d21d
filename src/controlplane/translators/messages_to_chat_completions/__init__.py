"""OpenAI's chat completions, spoken to for callers who speak Anthropic's Messages.

https://platform.openai.com/docs/api-reference/chat
"""
