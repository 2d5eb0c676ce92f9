"""What the modules share that is no model."""

from modular_api.ws import FastWSAdapter

__all__ = ["FastWSAdapter"]
