"""What the viewer keeps for later: wishlists, what they looked at, searches."""
