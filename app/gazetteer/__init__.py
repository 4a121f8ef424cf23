"""Cities and towns by what people call them, from a file of ours and without a network."""
