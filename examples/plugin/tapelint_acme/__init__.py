"""The rules of the team at Acme. Importing the package files their checks; `rules/` has a page for each."""

from tapelint.checks.api import (
    Call,
    Program,
    Repair,
    Report,
    Reports,
    SetArgument,
    callbacks_of,
    check,
    is_of_keras,
    spelling,
)

LOGGER = "acme.tracking.RunLogger"


@check
def unlogged_fit(program: Program) -> Reports:
    """A `fit` whose callbacks are all known, and all of Keras: none of them can be the team's."""
    for fit in program.fits:
        callbacks = callbacks_of(fit)
        if callbacks is None or fit.opaque or not all(map(is_of_keras, callbacks)):
            continue
        yield Report(fit.site, f"this training leaves no record: `fit` gets no `{LOGGER}`", fix=_logged(fit))


def _logged(fit: Call) -> Repair | None:
    """The logger as the only callback, where there is none and the file has imported it."""
    logger = spelling(fit.site.module, LOGGER)
    if logger is None or fit.argument(5, "callbacks") is not None:
        return None
    return Repair("log the run", "safe", (SetArgument(fit.site, "callbacks", f"[{logger}()]"),))
