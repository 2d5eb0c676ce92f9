"""Where the older side of a comparison comes from: a git ref, a folder, a file, a URL."""
