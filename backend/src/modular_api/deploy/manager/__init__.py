"""The manager of a deployment: binds its sockets, and starts, watches and replaces."""
