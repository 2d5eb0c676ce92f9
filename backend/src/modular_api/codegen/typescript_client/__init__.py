"""Render TypeScript clients: REST by hey-api/openapi-ts, sockets by ourselves."""
