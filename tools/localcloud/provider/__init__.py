"""The local cloud's Terraform provider: hashicorp/google 7.45.0's schema, plans and states, from rows of data."""
