"""How orders reach a running manager: the lock of its folder, and a Unix socket."""
