"""`python -m groundwork` is the command `groundwork`."""

from groundwork.cli import main

if __name__ == "__main__":
    main()
