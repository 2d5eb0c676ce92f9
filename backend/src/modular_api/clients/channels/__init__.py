"""One WebSocket connection, over a network or into an app of the same process."""
