"""From text to a small tree of our own. LibCST ends here."""
