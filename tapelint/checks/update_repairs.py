"""Repairs of updates and optimizers: where what is meant can be read off the rest of the program."""

from __future__ import annotations

from collections.abc import Iterator

from tapelint.checks.repairs import Insert, Move, RemoveArgument, Repair, Replace, Surround
from tapelint.program.program import Program
from tapelint.program.spelling import spelling
from tapelint.program.trace import Call, Context, Loop
from tapelint.program.values import Site
from tapelint.syntax import tree
from tapelint.syntax.nodes import children, spell


def node_at(program: Program, site: Site) -> tree.Node:
    return program.nodes(site.module)[site.node]


def inside(node: tree.Node) -> Iterator[tree.Node]:
    """A node and all nodes in it."""
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(children(one))


def argument_site(program: Program, call: Call, position: int, keyword: str) -> Site | None:
    """Where a call is given one of its arguments."""
    node = node_at(program, call.site)
    if not isinstance(node, tree.Call) or any(each.star for each in node.arguments):
        return None
    named = [each for each in node.arguments if each.keyword == keyword]
    positional = [each for each in node.arguments if each.keyword is None]
    chosen = named or positional[position : position + 1]
    return Site(call.site.module, chosen[0].value.id) if chosen else None


def statement_of(program: Program, site: Site) -> tree.Statement | None:
    """The statement that a node is part of, itself left out."""
    node = node_at(program, site)
    if isinstance(node, tree.Statement):
        return node
    parents = program.nodes(site.module).parents(site.node)
    return next((parent for parent in parents if isinstance(parent, tree.Statement)), None)


def in_one_function(program: Program, left: Site, right: Site) -> bool:
    """Whether two places are in the body of one and the same function, or of the module."""
    return left.module is right.module and _function_of(program, left) is _function_of(program, right)


def _function_of(program: Program, site: Site) -> tree.Node | None:
    one = node_at(program, site)
    around = [one, *program.nodes(site.module).parents(site.node)]
    return next((node for node in around if isinstance(node, (tree.Function, tree.Class))), None)


def assigned_name(program: Program, site: Site) -> str | None:
    """The one name that a statement with this value assigns it to, as it is or as what a comprehension makes."""
    statement = statement_of(program, site)
    match statement:
        case tree.Assign(targets=[tree.Name(name=name)], value=value) if value.id == site.node or isinstance(
            value, tree.Comprehension
        ):
            return name
        case tree.Assign(targets=[tree.Collection(items=[tree.Name(name=name), *_])], value=value):
            return name if value.id == site.node else None
    return None


# Gradients and what is made of them


def take_first(clipping: Call) -> Repair:
    return Repair("take the gradients and leave the norm", "safe", (Surround(clipping.site, "", "[0]"),))


def apply_changed(program: Program, made: Site, request: Call, update: Call) -> Repair | None:
    """Apply what was made of gradients in place of the gradients, where both have names."""
    name, raw = assigned_name(program, made), assigned_name(program, request.site)
    if name is None or raw is None or name == raw or not in_one_function(program, made, update.site):
        return None
    found = [each for each in inside(node_at(program, update.site)) if isinstance(each, tree.Name) and each.name == raw]
    if len(found) != 1:
        return None
    place = Site(update.site.module, found[0].id)
    return Repair(f"apply `{name}`", "unsafe", (Replace(place, name),))


def pair_with_sources(program: Program, request: Call, update: Call) -> Repair | None:
    """Apply gradients to the variables that they were computed by."""
    sources = argument_site(program, request, 1, "sources")
    zipped = _zip_in(program, update)
    if sources is None or zipped is None or not in_one_function(program, sources, update.site):
        return None
    text = spell(node_at(program, sources))
    given = Site(update.site.module, zipped.arguments[1].value.id)
    if text is None or not isinstance(node_at(program, given), (tree.Attribute, tree.Name)):
        return None
    return Repair(f"update `{text}`", "unsafe", (Replace(given, (sources,)),))


def _zip_in(program: Program, update: Call) -> tree.Call | None:
    """The `zip(a, b)` that an update is given in place."""
    site = argument_site(program, update, 0, "grads_and_vars")
    node = node_at(program, site) if site is not None else None
    if isinstance(node, tree.Call) and isinstance(node.function, tree.Name) and node.function.name == "zip":
        return node if len(node.arguments) == 2 and not any(each.star for each in node.arguments) else None
    return None


def swap_zip(program: Program, update: Call) -> Repair | None:
    zipped = _zip_in(program, update)
    if zipped is None:
        return None
    first, second = (Site(update.site.module, each.value.id) for each in zipped.arguments)
    return Repair("put the gradients first", "safe", (Replace(first, (second,)), Replace(second, (first,))))


def zip_with_sources(program: Program, request: Call, update: Call) -> Repair | None:
    """Give an update pairs of the gradients it is given alone and the variables that they were computed by."""
    given, sources = argument_site(program, update, 0, "grads_and_vars"), argument_site(program, request, 1, "sources")
    node = node_at(program, update.site)
    if given is None or sources is None or not in_one_function(program, sources, update.site):
        return None
    if not isinstance(node, tree.Call) or len(node.arguments) != 1:
        return None
    pairs = Replace(given, ("zip(", given, ", ", sources, ")"))
    return Repair("pair the gradients with their variables", "safe", (pairs,))


def list_of(zipped: Call) -> Repair:
    return Repair("keep the pairs in a list", "safe", (Surround(zipped.site, "list(", ")"),))


def as_variable(site: Site) -> Repair | None:
    variable = spelling(site.module, "tensorflow.Variable")
    return Repair("make it a `tf.Variable`", "safe", (Surround(site, f"{variable}(", ")"),)) if variable else None


def assign_in_place(program: Program, site: Site) -> Repair | None:
    """Assign to the variable what a statement binds its name to."""
    statement = statement_of(program, site)
    match statement:
        case tree.AugmentedAssign(target=target, operator="-" | "+" as operator, value=step):
            pass
        case tree.Assign(
            targets=[target], value=tree.Binary(left=left, operator="-" | "+" as operator, right=step)
        ) if spell(left) == spell(target) is not None:
            pass
        case _:
            return None
    method = "assign_sub" if operator == "-" else "assign_add"
    held, moved = Site(site.module, target.id), Site(site.module, step.id)
    assigning = Replace(Site(site.module, statement.id), (held, f".{method}(", moved, ")"))
    return Repair(f"assign to `{spell(target)}` in place", "unsafe", (assigning,))


# Where a statement stands


def into_loop(program: Program, update: Call, loop: Loop) -> Repair | None:
    """Let an update be the last thing that a loop does at each turn."""
    if not in_one_function(program, update.site, loop.site) or _zip_in(program, update) is None:
        return None
    if not isinstance(statement_of(program, update.site), tree.ExpressionStatement):
        return None
    return Repair("update at every batch", "unsafe", (Move(update.site, "last", loop.site),))


def out_of_loops(program: Program, site: Site, context: Context, loops: list[Loop], title: str) -> Repair | None:
    """Let a statement run once, before the outermost of these loops."""
    if not loops or any(loop not in context.loops[context.frame.loops :] for loop in loops):
        return None
    statement, anchor = statement_of(program, site), loops[0]
    plain = isinstance(statement, (tree.ExpressionStatement, tree.Assign)) and assigned_or_called(statement, site)
    if not plain or not in_one_function(program, site, anchor.site):
        return None
    return Repair(title, "unsafe", (Move(site, "before", anchor.site),))


def into_body(program: Program, site: Site, loop: Loop, title: str) -> Repair | None:
    """Let a statement that stands before a loop run at each turn of it."""
    statement = statement_of(program, site)
    if statement is None or not assigned_or_called(statement, site) or not in_one_function(program, site, loop.site):
        return None
    return Repair(title, "unsafe", (Move(site, "first", loop.site),))


def compile_again(program: Program, compiling: Call, later: Call) -> Repair | None:
    """Compile a model once more, as it was compiled before, with an optimizer that is made on the spot."""
    given = argument_site(program, compiling, 0, "optimizer")
    if given is None or not isinstance(node_at(program, given), (tree.Call, tree.Constant)):
        return None
    if not in_one_function(program, compiling.site, later.site):
        return None
    statements = [statement_of(program, call.site) for call in (compiling, later)]
    if not isinstance(statements[0], tree.ExpressionStatement) or statements[1] is None:
        return None
    line = Insert("before", Site(later.site.module, statements[1].id), ((compiling.site,),))
    return Repair("compile the model again", "unsafe", (line,))


def leave_out(program: Program, fit: Call, keyword: str, position: int) -> Repair | None:
    """Leave out an argument that is a list of one."""
    given = argument_site(program, fit, position, keyword)
    node = node_at(program, given) if given is not None else None
    if given is None or not isinstance(node, tree.Collection) or len(node.items) != 1:
        return None
    return Repair("leave the callback out", "unsafe", (RemoveArgument(fit.site, given),))


def assigned_or_called(statement: tree.Statement, site: Site) -> bool:
    """Whether a statement consists of the value at a site, and maybe of one name that it is bound to."""
    match statement:
        case tree.ExpressionStatement(value=value):
            return value.id == site.node
        case tree.Assign(targets=[tree.Name()], value=value):
            return value.id == site.node
    return False
