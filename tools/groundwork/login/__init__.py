"""Credentials: who the caller is to Google Cloud, whether that suffices, and which other tools need to be logged in."""
