"""How many tokens a request for a Message would have.

https://platform.claude.com/docs/en/api/messages/count_tokens
"""
