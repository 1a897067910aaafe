"""Doctor: checks this machine, the login and the project, and says how to fix each problem; it changes nothing."""
