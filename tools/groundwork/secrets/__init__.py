"""Secrets: their values in Secret Manager, who may read them, and commands that get them as variables."""
