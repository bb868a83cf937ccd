"""The programs that these tests need besides Python: where they are, and what follows if they are not there."""

import os
import shutil

import pytest

REQUIRED = "TAPELINT_REQUIRE_EDITORS"


def required(program: str, what: str) -> str:
    """The program's path. Without the program the test is skipped, except where it must be there, as in CI."""
    path = shutil.which(program)
    if path is None:
        reason = f"{what} needs `{program}`, which is not on PATH"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(f"{reason}; CI runs it ({REQUIRED}=1)")
    return path
