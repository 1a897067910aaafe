"""Reads what Google has billed: exports in BigQuery and in files, the console's cost table and FOCUS, as one ledger."""
