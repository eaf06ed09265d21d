"""The wire formats of OpenAI and Anthropic, checked against the types of their own packages."""
