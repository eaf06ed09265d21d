"""An open control plane for LLM traffic on AWS."""

__version__ = "0.1.0"
