"""Which nights are free, and who has the others."""
