"""The rules that this platform's Terraform must keep: one folder each, named for the desired state.

A folder holds `check.py` (one value, `POLICY`), `pass.tf` and `fail.tf`. That is all there is to add: the catalogue
lists the folders, the scanner hands them to checkov, and a test fails where one of the three files is missing.
Nothing here needs anything but Python, except `scanner.py`, which runs in checkov's own environment.
"""
