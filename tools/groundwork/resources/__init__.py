"""What the commands need to know about each kind of resource."""
