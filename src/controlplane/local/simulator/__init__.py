"""A provider that runs here: real wire formats, deterministic answers, faults on demand.

app.py routes a call, generation.py says what the model generates (asks.py: at whose wish),
openai/, responses/ and anthropic/ how it looks on the wire, faults.py what goes wrong instead. A
new fault is a row of FAULTS, a new wire format a folder and a row of WIRES.
"""
