"""Reading what somebody else has written: text, JSON, CSV, and what is wrong with it."""
