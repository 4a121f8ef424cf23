"""What amounts are in other currencies, by daily rates. For display: nobody is charged by it."""
