"""Runs workloads on this machine: in docker, in podman, or as a plain process where neither is available. Only this package starts processes for them."""
