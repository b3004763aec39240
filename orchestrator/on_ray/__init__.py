"""The market in Ray actors: who shares one, what it asks for, and what becomes of one that dies."""
