"""From nothing, or from a team's own repository and a project with things made by hand, to an environment file."""
