"""Who may do what: policies, members, conditions and roles."""
