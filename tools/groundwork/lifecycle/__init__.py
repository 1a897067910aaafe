"""Up, down, and the proof that nothing is left."""
