"""Marks the loops of a script, so that they can be watched: nothing can be hung onto an iterator of Python's own.

The script is compiled with a function around whatever a `for` goes through, if that has a name: only what has one can
be gone through again.
"""

import ast

MARK = "__tapelint_loop__"
"""The function, which the script finds among Python's own."""

THROUGH = ("enumerate", "zip")
"""The functions in whose calls the arguments are what the loop goes through."""


def marked(tree: ast.Module) -> ast.Module:
    """The program with its loops marked."""
    program: ast.Module = ast.fix_missing_locations(_Marking().visit(tree))
    return program


class _Marking(ast.NodeTransformer):
    def visit_For(self, node: ast.For) -> ast.For:
        self.generic_visit(node)
        node.iter = _around(node.iter)
        return node


def _around(what: ast.expr) -> ast.expr:
    if isinstance(what, ast.Name | ast.Attribute):
        function = ast.copy_location(ast.Name(MARK, ast.Load()), what)
        name = ast.copy_location(ast.Constant(ast.unparse(what)), what)
        return ast.copy_location(ast.Call(function, [what, name], []), what)
    if isinstance(what, ast.Call) and isinstance(what.func, ast.Name) and what.func.id in THROUGH:
        what.args = [_around(argument) for argument in what.args]
    return what
