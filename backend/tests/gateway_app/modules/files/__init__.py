"""Takes files and numbers, and tells what it got."""
