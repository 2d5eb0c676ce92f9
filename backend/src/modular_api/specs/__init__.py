"""Specifications as plain data: built, merged, compared and stored, serving nothing."""
