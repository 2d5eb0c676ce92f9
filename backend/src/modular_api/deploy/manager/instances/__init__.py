"""An instance, which is a socket and two slots for processes, and the fleet of them."""
