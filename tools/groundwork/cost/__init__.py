"""Costs: what a plan would cost, what was spent and by whom, and how long the credits last."""
