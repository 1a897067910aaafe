"""What each kind of resource is to the verbs."""
