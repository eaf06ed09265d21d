"""Pure values: nothing here opens a socket, reads a clock or knows a framework."""
