"""Policies: what this platform's Terraform must keep, checked on the code and on the plan before it is applied."""
