"""Documents on paper: A4, with the letters of most of the world's scripts."""
