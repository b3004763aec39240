"""A scenario: one YAML file that describes a market and what to do with it."""
