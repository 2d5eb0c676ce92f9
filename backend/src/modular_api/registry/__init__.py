"""From a folder of packages to loaded modules, in the order they start."""
