"""The gateway as a service: the application in one process a core, behind a load balancer.

    python -m controlplane.server --port 8080

What runs here runs in the function too; queue, events and migrations stay with the function.
"""
