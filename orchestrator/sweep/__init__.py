"""Sweeps: arms of a market under the same seeds, and one table that compares them."""
