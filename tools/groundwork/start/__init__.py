"""Getting started: an environment file from nothing, from a team's repository, or from a project with existing resources."""
