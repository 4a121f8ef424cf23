"""Work that happens after the answer: tasks that follow from events, and sweeps."""
