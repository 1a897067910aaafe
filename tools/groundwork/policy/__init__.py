"""Policies for this platform's Terraform, checked on the code and on the plan before it is applied."""
