"""Codes that make stays cheaper, at a host's cost or the platform's."""
