"""Lets `python -m groundwork` run the command `groundwork`."""

from groundwork.cli import main

if __name__ == "__main__":
    main()
