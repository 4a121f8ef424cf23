"""Bookings: reading, making and moving them, and following them live."""
