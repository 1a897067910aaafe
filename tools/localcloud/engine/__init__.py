"""What every service shares: calls, verbs, access, storage, operations, time."""
