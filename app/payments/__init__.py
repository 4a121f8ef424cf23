"""Taking guests' money and giving it back, through payment providers."""
