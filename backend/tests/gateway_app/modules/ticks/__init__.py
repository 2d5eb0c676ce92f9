"""Tells the time of nothing: counts, as a stream and on a socket."""
