"""Bookings: from the held nights to the completed stay."""
