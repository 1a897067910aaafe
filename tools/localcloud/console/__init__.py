"""The page at /: what the local cloud holds, who may do what, and what its clients ask. Plain HTML, readable without JavaScript."""
