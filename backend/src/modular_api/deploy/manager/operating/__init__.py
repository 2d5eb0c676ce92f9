"""Who runs a manager, and who asks it: in the foreground, detached, from elsewhere."""
