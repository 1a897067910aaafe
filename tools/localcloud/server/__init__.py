"""The process of the local cloud: sockets, the wire, commits, faults."""
