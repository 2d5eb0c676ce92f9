"""The app, built in a process of its own, which tells what it consists of."""
