"""The same deployment for another supervisor than ours."""
