"""One file a kind of resource, each with its value, `KIND`."""
