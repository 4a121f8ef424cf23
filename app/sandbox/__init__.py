"""Stand-ins for outside providers. Separate processes; the product reaches them over HTTP only."""
