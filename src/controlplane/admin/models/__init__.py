"""What administrators send and read, one file for each resource: pydantic models.

They check what is sent, say how it is wrong, and are what the OpenAPI document shows.
"""
