"""TypeScript clients of a module: REST by hey-api, sockets by ourselves."""
