"""Render typed Python clients: from an OpenAPI document to formatted files."""
