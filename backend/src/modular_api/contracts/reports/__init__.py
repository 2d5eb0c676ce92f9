"""The verdict, told to people, programs, pull requests and GitHub."""
