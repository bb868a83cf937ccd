"""What tests of every kind may ask for."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import build_wheel


@pytest.fixture(scope="session", autouse=True)
def nobody_s_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have settings of his own for projects without any, which are not to be found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("nobody")))
        yield


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children started in the test hear an interrupt, also when the whole run was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout. Tests that ask for it belong to the group "wheel", so that it is built once."""
    return build_wheel(tmp_path_factory.mktemp("dist"))
