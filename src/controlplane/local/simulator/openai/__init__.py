"""OpenAI's formats, and Azure's, which differ in address, key and content filters."""
