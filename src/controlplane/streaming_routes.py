"""The routes that answer in streaming form under AWS Lambda.

API Gateway must set `responseTransferMode: STREAM` on exactly these and the function must answer
every response of theirs in streaming form: either without the other is a 502. So the function and
the infrastructure read the same table, and this file imports nothing.
"""

# (method, path as the API's resources spell it, without stage or base path)
STREAMING_ROUTES: tuple[tuple[str, str], ...] = (
    ("POST", "/v1/chat/completions"),
    ("POST", "/openai/v1/chat/completions"),
    ("POST", "/openai/deployments/{deployment}/chat/completions"),
    ("POST", "/openai/v1/responses"),
    ("POST", "/openai/deployments/{deployment}/responses"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/responses"),
)
