"""A provider that runs here: real wire formats, deterministic answers, faults on demand.

app.py routes a call, answers.py says what the model answers, openai.py, azure.py and anthropic.py
how it looks on the wire, faults.py what goes wrong instead. A new fault is a row of FAULTS, a new
wire format a file and a row of WIRES.
"""
