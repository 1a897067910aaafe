"""The engine that every service shares: calls, verbs, access, storage, operations and time."""
