"""What a stage costs a month, from its template and a table of prices."""
