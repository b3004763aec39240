"""Losses while a market runs: who breaks down and when, and what becomes of its contracts."""
