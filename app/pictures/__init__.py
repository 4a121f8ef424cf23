"""Uploaded pictures: made small and harmless, and kept as files."""
