"""The console at /: what the local cloud holds, who may do what, and recent requests. Plain HTML, readable without JavaScript."""
