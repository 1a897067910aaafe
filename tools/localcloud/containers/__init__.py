"""Workloads on this machine: docker, podman, or a plain process where neither answers. Only here are processes started for them."""
