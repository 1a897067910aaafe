"""Credentials: who somebody is to Google Cloud, whether that is enough, and what else needs to be told who they are."""
