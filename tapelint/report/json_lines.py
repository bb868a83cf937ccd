"""A JSON object on a line for each finding, for programs that read while others write, and for `jq` and `grep`.

The objects are those of the JSON report. What there is to say beside the findings is said on standard error.
"""

import json

from tapelint.report.json import findings
from tapelint.run.outcome import Outcome


def render(outcome: Outcome) -> str:
    # In ASCII: there are characters beyond it which readers take for the end of a line.
    return "".join(f"{json.dumps(finding)}\n" for finding in findings(outcome))
