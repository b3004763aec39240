"""A run: its directory, its lock, and the trials that it goes through."""
