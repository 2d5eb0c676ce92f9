"""Symbols, quotes and bars of a deterministic market simulator."""
