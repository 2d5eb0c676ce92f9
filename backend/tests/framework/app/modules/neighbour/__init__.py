"""Stands beside another module and shares a model's name with it."""
