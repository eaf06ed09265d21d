"""What `make run` starts: stores, emulated AWS, a simulated provider, the gateway, the function.

Nothing in here is deployed.
"""
