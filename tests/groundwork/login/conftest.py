"""A clone at "Google", and one on the local cloud."""

from tests.groundwork.at_google import clone, google, proxy

__all__ = ["clone", "google", "proxy"]
