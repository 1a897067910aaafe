"""People: who is in the team as what, what each may do, and proof that it is so."""
