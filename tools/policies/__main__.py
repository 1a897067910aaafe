"""`python -m policies REQUEST.json`, run by checkov's own Python: what it saw goes to standard output as JSON."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from dataclasses import asdict
from pathlib import Path

from policies.offline import refuse_network


def main() -> None:
    """Scan once. Standard output carries the reports alone; whatever checkov prints goes to standard error."""
    # An eighth of a scan went into looking for garbage, of which there is little; the process ends with the scan.
    gc.disable()
    from policies.scanner import ScanRequest, scan

    request = ScanRequest.read(Path(sys.argv[1]))
    sys.addaudithook(refuse_network)
    with contextlib.redirect_stdout(sys.stderr):
        reports = scan(request)
    json.dump([asdict(report) for report in reports], sys.stdout)


if __name__ == "__main__":
    main()
