"""OpenAI's newer format, the Responses API, as OpenAI and Azure serve it."""
