"""HTTP: FastAPI under Mangum or a server. It translates; the gateway decides."""
