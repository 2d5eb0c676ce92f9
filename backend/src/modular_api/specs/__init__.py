"""Specifications as plain data: building, merging, comparing and storing them."""
