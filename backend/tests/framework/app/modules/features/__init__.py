"""Uses everything FastAPI has for a module's routes."""
