"""What `make run` starts: the stores, emulated AWS, a simulated provider, the gateway, one function.

Nothing in here is deployed.
"""
