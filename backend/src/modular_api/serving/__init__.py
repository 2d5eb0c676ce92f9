"""Serving an app: a server, a log, a lifespan, and a restart."""
