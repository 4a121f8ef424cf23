"""What hosts let: listings, their terms, and finding them."""
