"""What guests say about their stays."""
