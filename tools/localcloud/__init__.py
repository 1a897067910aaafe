"""A local, simulated Google Cloud; imports nothing of groundwork, and is usable on its own."""

WORKS_FOR_IT = "LOCALCLOUD_WORKS_FOR_IT"
"""The environment variable that marks processes started for a local cloud, including itself and its containers' network helpers."""
