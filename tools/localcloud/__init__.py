"""A local, simulated Google Cloud; imports nothing of groundwork, and is usable on its own."""

WORKS_FOR_IT = "LOCALCLOUD_WORKS_FOR_IT"
"""The variable by which a process is known that the local cloud has started, itself and helpers of its containers' networks included."""
