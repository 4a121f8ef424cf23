"""Paying hosts: their accounts at the provider, and what is sent to them."""
