"""What a module is: its declaration, and the applications made from it."""
