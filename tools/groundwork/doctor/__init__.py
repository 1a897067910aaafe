"""Doctor: what this machine, the login and the project lack for groundwork, each lack with its remedy; nothing is changed."""
