"""An open control plane for LLM traffic on AWS."""
