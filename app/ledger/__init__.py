"""Double-entry books: every movement of money, once, adding up to zero."""
