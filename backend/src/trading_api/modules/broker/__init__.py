"""A paper broker: orders, executions, positions and one account, kept in memory."""
