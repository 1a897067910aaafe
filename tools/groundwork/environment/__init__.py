"""The environment file: finding, validating, reading and editing it."""
