"""People: who is in the team in which role, what each may do, and proof of it."""
