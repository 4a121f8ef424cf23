"""Comparing the books with what each payment provider says, and making good what is safe."""
