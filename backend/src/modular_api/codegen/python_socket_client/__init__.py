"""Render typed socket clients: from an AsyncAPI document to formatted files."""
