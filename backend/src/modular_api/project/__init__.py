"""Which app a project means: its settings, and where the app comes from."""
