"""What is held about people: given to them on request, and erased when they leave."""
