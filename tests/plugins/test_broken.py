"""A plugin that cannot be used is said to be broken, by name, and is never passed over."""

from pathlib import Path

import pytest

from tests.cli.commands import BROKEN, tapelint
from tests.plugins.shelf import checking, install, page

FIT = "import keras\nkeras.Sequential([keras.layers.Dense(1)]).fit(x)\n"


@pytest.fixture(autouse=True)
def here(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert site.is_dir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(FIT)
    return tmp_path


def refusal() -> str:
    told = tapelint("train.py", "--isolated")
    assert (told.status, told.out) == (2, "")
    return told.err


def test_a_good_one_finds_something(site: Path) -> None:
    install(site, code=checking(), pages={"some-fit.md": page(), "README.md": "no page"})
    told = tapelint("train.py", "--isolated", "--select", "BAD")
    assert told.status == 1
    assert "warning[BAD001 some-fit]: a fit" in told.out


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "import nonsense_of_mine",
            "importing `tapelint_bad` fails: ModuleNotFoundError: No module named 'nonsense_of",
        ),
        ("raise SystemExit(0)", "importing `tapelint_bad` fails: SystemExit: 0"),
        ("", "no function `some_fit` checks the rule that rules/some-fit.md declares"),
        (checking() + checking("other-fit"), "the check `other_fit` has no page rules/other-fit.md"),
        (checking("gradients-not-applied"), "which `tapelint.checks.gradients` has already"),
        (None, "`tapelint_bad` is not a package with a folder `rules` in it"),
    ],
)
def test_what_is_wrong_with_its_code(site: Path, code: str | None, words: str) -> None:
    install(site, code=code, pages=None if code is None else {"some-fit.md": page()})
    if code is None:
        (site / "tapelint_bad.py").write_text(checking())
    told = refusal()
    assert told.startswith("error: the plugin tapelint-bad 1.0 is broken: ")
    assert words in told
    assert told.endswith("; mend it or uninstall it\n")


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("some-fit.md", page(code="TL101"), "some-fit.md: `code` must be `BAD` and three digits, not 'TL101'"),
        ("some-fit.md", page().replace("url", "ulr"), "some-fit.md: unknown key `ulr`, did you mean `url`?"),
        ("some-fit.md", page().replace("summary", "# summary"), "some-fit.md: the key `summary` is missing"),
        ("some-fit.md", page().replace("since", "probe = 'x'\nsince"), "unknown key `probe`"),
        ("some-fit.md", "# some-fit\n", "some-fit.md: has no `toml` block"),
        ("Some_Fit.md", page(), "Some_Fit.md: the name of a rule"),
        ("summed-loss.md", page(), "summed-loss.md: `summed-loss` already belongs to summed-loss.md"),
        (
            "some-fit.md",
            page().replace("since", "aliases = ['reused-tape']\nsince"),
            "some-fit.md: `reused-tape` already belongs to reused-tape.md",
        ),
    ],
)
def test_what_is_wrong_with_its_page(site: Path, file: str, text: str, words: str) -> None:
    install(site, code=checking(), pages={file: text})
    told = refusal()
    assert told.startswith("error: the plugin tapelint-bad 1.0 is broken: ")
    assert words in told


@pytest.mark.parametrize("prefix", ["TL", "ALL", "bad", "B", "BAD1"])
def test_a_prefix_that_cannot_be(site: Path, prefix: str) -> None:
    install(site, prefix=prefix, code=checking(), pages={"some-fit.md": page()})
    assert f"two to ten capital letters other than TL and ALL, not `{prefix}`" in refusal()


def test_two_of_the_same_prefix(site: Path) -> None:
    install(site, code=checking(), pages={"some-fit.md": page()})
    install(site, "worse", code=checking("other-fit"), pages={"other-fit.md": page("other-fit")})
    assert "the plugin tapelint-bad 1.0 is broken: the prefix `BAD` belongs to tapelint-worse 1.0, too" in refusal()


def test_two_with_a_rule_of_the_same_name(site: Path) -> None:
    install(site, code=checking(), pages={"some-fit.md": page()})
    install(site, "worse", prefix="WORSE", code=checking(), pages={"some-fit.md": page(code="WORSE001")})
    assert "`some-fit` already belongs to some-fit.md of tapelint-bad 1.0" in refusal()


def test_a_package_that_is_gone(site: Path) -> None:
    install(site, code=None, pages=None)
    assert "there is no package `tapelint_bad`" in refusal()


@pytest.mark.parametrize("arguments", [["explain", "TL101"], ["config"], ["check", "--select", "TL1", "train.py"]])
def test_every_command_says_so(site: Path, arguments: list[str]) -> None:
    install(site, code=checking(), pages={"some-fit.md": "nothing"})
    told = tapelint(*arguments)
    assert told.status == 2
    assert "the plugin tapelint-bad 1.0 is broken" in told.err


def test_a_check_that_fails_costs_no_other_file_its_findings(site: Path) -> None:
    code = checking().replace('yield Report(fit.site, "a fit")', "yield fit.nonsense")
    install(site, code=code, pages={"some-fit.md": page()})
    Path("other.py").write_text(BROKEN)
    told = tapelint("--isolated", "--output-format", "concise", "train.py", "other.py")
    assert told.status == 2
    assert "other.py:7:13: TL101" in told.out
    assert told.err.startswith(
        "error: tapelint-bad 1.0 crashed on train.py: the check of BAD001 some-fit: AttributeError: "
    )


def test_a_check_that_yields_something_else_is_told_what_to_yield(site: Path) -> None:
    install(site, code=checking().replace("Report(fit.site", "(fit.site"), pages={"some-fit.md": page()})
    told = tapelint("--isolated", "train.py")
    assert told.status == 2
    assert "a check must yield Reports" in told.err
