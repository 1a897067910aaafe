"""Terraform: the process, its events, plans, states and locks."""
