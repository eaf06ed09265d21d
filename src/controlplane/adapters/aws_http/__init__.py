"""AWS for the request path: few operations, no thread, an end to every wait."""
