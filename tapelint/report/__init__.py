"""What was found, as people and programs read it: one module a format, each with `render(outcome, …) -> str`."""
