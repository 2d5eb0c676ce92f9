"""What `modular-api run` is made of: a socket, a server, a log, and a restart."""
