"""Reports and pages generated from an environment."""
