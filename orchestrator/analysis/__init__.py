"""What a run's log says: its figures, its clearings rebuilt, and what a lie would have gained."""
