"""The reference app's modules: every package in here is discovered and served."""
