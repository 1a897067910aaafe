"""The local cloud's Terraform provider: the schemas, plans and states of hashicorp/google 7.45.0, from rows of data."""
