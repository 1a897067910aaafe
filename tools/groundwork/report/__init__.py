"""Pages that are made from what is there."""
