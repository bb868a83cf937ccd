"""The pytest plugin: the fixture `tape_probe`, by which a test audits a training step."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tapelint.probe.step import StepRecord


@pytest.fixture(scope="session")
def tape_probe() -> "Callable[..., StepRecord]":
    """`tapelint.probe.audit_step`: what a training step does with a batch. Only who asks for it meets TensorFlow."""
    from tapelint.probe import audit_step

    return audit_step
