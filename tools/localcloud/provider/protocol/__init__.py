"""Terraform's plugin protocol 6: the process that Terraform connects to, its connections, and the calls that come over them."""
