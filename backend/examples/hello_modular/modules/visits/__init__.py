"""Counts visits, as long as the app runs."""
