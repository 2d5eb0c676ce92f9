"""What the modules share that is no model."""

from modular_api.ws.adapter import FastWSAdapter

__all__ = ["FastWSAdapter"]
