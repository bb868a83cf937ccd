"""Who follows a run while it lasts."""


class Audience:
    """Somebody who is told how far a run has come. This one does not listen."""

    def note(self, message: str) -> None:
        """Hears a detail that only the curious want to know."""

    def begin(self, files: int) -> None:
        """Hears how many files are going to be analysed."""

    def advance(self, files: int) -> None:
        """Hears that so many more of them are done."""
