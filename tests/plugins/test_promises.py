"""What the runner of pages says of pages that are not true."""

from pathlib import Path

import pytest

from tapelint.catalog import rules
from tapelint.run.pages import broken_promises
from tests.plugins.shelf import checking, install, page

PROGRAM = """\
import keras
import numpy as np

x = np.zeros((64, 8), "float32")
y = np.zeros((64, 1), "float32")
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
"""
FIT = "model.fit(x, y, epochs=3, validation_split=0.25)"
TRUE = {
    "": PROGRAM + f"{FIT}  # error\n",
    "Instead": PROGRAM,
    "When it is right": PROGRAM + "model.predict(x)\n",
}
FIXING = """\
from tapelint.checks.api import Repair, Report, SetArgument, check

@check
def some_fit(program):
    for fit in program.fits:
        if fit.argument(None, "verbose") is None:
            repair = Repair("be quiet", "safe", (SetArgument(fit.site, "verbose", "0"),))
            yield Report(fit.site, "a loud fit", fix=repair)
"""


def told(site: Path, parts: dict[str, str], code: str = checking(), text: str = page()) -> list[str]:
    for heading, program in parts.items():
        text += (f"\n## {heading}\n" if heading else "\nIt is odd.\n") + f"\n```python\n{program}```\n"
    install(site, code=code, pages={"some-fit.md": text})
    return broken_promises(rules()["some-fit"])


def test_a_page_that_is_true(site: Path) -> None:
    assert told(site, TRUE) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"": PROGRAM + f'{FIT}  # error: "other words"\n'}, 'promised, not found: some-fit "other words"'),
        ({"": PROGRAM + FIT + "\n"}, "some-fit: must break the rule"),
        ({"": PROGRAM + f"{FIT}\n{FIT}  # error\n"}, ":22: found, not promised: some-fit a fit"),
        ({"Instead": PROGRAM + f"{FIT}  # error\n"}, "some-fit > Instead: must not break the rule"),
        ({"Instead": PROGRAM + f"{FIT}\n"}, "found, not promised: some-fit a fit"),
        ({"Variations": PROGRAM}, "some-fit > Variations: must break the rule"),
        ({"Variations": PROGRAM + f"{FIT}  # error\nmodel.fit(  # missed\n    x, y)\n"}, "gap closed, promote it"),
    ],
)
def test_a_program_that_is_not_as_the_page_says(site: Path, changes: dict[str, str], words: str) -> None:
    complaints = told(site, TRUE | changes)
    assert complaints
    assert any(words in complaint for complaint in complaints), complaints


def test_a_part_that_is_missing(site: Path) -> None:
    assert told(site, {"": TRUE[""]}) == [
        "some-fit.md: shows no program under `Instead`",
        "some-fit.md: shows no program under `When it is right`",
    ]


class TestFix:
    DECLARED = page().replace("since", 'fix = "safe"\nsince')

    def test_one_that_is_shown(self, site: Path) -> None:
        fixed = PROGRAM + FIT.replace(")", ", verbose=0)") + "\n"
        assert told(site, TRUE | {"Fix": fixed}, FIXING, self.DECLARED) == []

    def test_one_that_is_not_shown(self, site: Path) -> None:
        assert told(site, TRUE, FIXING, self.DECLARED) == ["some-fit.md: shows no program under `Fix`"]

    def test_one_that_is_shown_differently(self, site: Path) -> None:
        (complaint,) = told(site, TRUE | {"Fix": PROGRAM}, FIXING, self.DECLARED)
        assert complaint.startswith("some-fit.md: `train.py` becomes something else by the fix than under `Fix`:\n")
        assert "verbose=0" in complaint
