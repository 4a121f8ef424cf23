"""What people keep for later: wishlists, what they looked at, searches."""
