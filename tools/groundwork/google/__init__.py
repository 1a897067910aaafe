"""Google's APIs: who calls, where to, and how long it is waited; the local cloud stands behind the same door."""
