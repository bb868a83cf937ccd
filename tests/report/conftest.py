"""Fixtures of the tests of reports."""

import pytest

from tapelint.report.html import plots


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without plots, which take most of the time."""
    monkeypatch.setattr(plots, "available", lambda: False)
