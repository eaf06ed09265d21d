"""`/admin/v1`: one file per resource. The organisation is always the caller's own."""
