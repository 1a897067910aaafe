"""The server process: sockets, HTTP, commits and faults."""
