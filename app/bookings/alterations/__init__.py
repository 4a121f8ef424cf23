"""Other dates or guests for a confirmed booking: proposed by one side, accepted by the other."""
