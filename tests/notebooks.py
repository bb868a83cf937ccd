"""Notebooks for the tests, of the newest format and validated by its own library."""

import json
from collections.abc import Sequence
from typing import Any

import nbformat


def notebook(*cells: str, prose: Sequence[int] = (), counts: Sequence[int | None] = ()) -> str:
    """A notebook's file. The cells at the numbers in `prose`, which count from 1, are Markdown; the others are code.

    `counts` are the execution counts of the code cells, in their order.
    """
    left = list(counts)
    made = []
    for number, source in enumerate(cells, 1):
        cell: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}, "source": source.splitlines(keepends=True)}
        if number in prose:
            cell["cell_type"] = "markdown"
        else:
            cell |= {"cell_type": "code", "execution_count": left.pop(0) if left else None, "outputs": []}
        made.append(cell)
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    book = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    nbformat.validate(book)
    return json.dumps(book, indent=1)
