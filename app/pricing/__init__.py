"""What a stay costs."""
