"""The environment file: where it lies, what it may say, what it says, and how a line of it is changed."""
