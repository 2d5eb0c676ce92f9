"""One deployment from its start to its stop, with all that changes in between."""
