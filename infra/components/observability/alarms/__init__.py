"""The alarms as rows: on metrics of AWS, of the service where there is one, and on our own."""
