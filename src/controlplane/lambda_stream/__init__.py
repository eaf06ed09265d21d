"""The runtime loop of AWS Lambda, able to stream; `infra/lambda/bin/stream` starts it.

Everything is done by AWS's own runtime client (`awslambdaric`), except that the routes of
`streaming_routes` are answered piece by piece.
"""
