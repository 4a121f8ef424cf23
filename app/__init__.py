"""Roost: what the business does, one folder per feature."""
