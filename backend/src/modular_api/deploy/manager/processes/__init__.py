"""One process of the operating system: who it is, its record, its socket, its end."""
