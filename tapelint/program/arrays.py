"""Arrays of examples: how many there are, and whether their order means anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tapelint.program.builtin import fold
from tapelint.program.knowledge import matches, table
from tapelint.program.provenance import ancestors
from tapelint.program.questions import asked_once
from tapelint.program.trace import Call
from tapelint.program.values import (
    Attribute,
    Choice,
    Computed,
    Constant,
    Display,
    Element,
    Item,
    Library,
    Mapping,
    Result,
    SliceValue,
    Value,
    alternatives,
    is_none,
)

Order = Literal["ordered", "random", "constant"]

_SAMPLERS = frozenset(
    {"numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.Generator", "random.Random",
     "tensorflow.random.Generator.from_seed", "tensorflow.random.get_global_generator"}
)  # fmt: skip
_COUNTING = frozenset({"builtins.range", "numpy.arange", "tensorflow.range", "tqdm.trange"})
_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!=", "&", "|", "not", "~", "in", "not in"})
_WITHOUT_DATA = ("numpy.", "math.", "tensorflow.", "keras.", "builtins.")
_TAKING = frozenset({"numpy.take", "tensorflow.gather", "keras.ops.take"})
# What makes a row of each row of its first argument.
_ROW_BY_ROW = frozenset(
    {"numpy.dot", "numpy.matmul", "tensorflow.matmul", "keras.Model.predict", "keras.Model.predict_on_batch", "forward"}
)
_SORTING = frozenset({"numpy.argsort", "numpy.lexsort", "tensorflow.argsort", "keras.ops.argsort"})
_SHAPED_FIRST = frozenset({"zeros", "ones", "full", "empty", "zeros_like", "ones_like", "fill"})
_KEEP_SIZE = frozenset(
    {"sort", "array", "asarray", "constant", "convert_to_tensor", "cast", "expand_dims", "one_hot", "to_categorical",
     "sin", "cos", "square", "exp", "sqrt", "abs", "column_stack", "hstack", "float32", "tanh", "sign", "where",
     "permutation", "clip", "log", "round", "floor", "DataFrame", "cumsum", "cumprod", "gradient", "maximum", "minimum",
     "add", "subtract", "multiply", "divide", "power", "log1p", "digitize", "nan_to_num", "ascontiguousarray", "copy",
     "tan", "arctan2", "hypot", "mod", "ceil", "normalize", "pad_sequences", "asanyarray", "roll", "flip", "argsort"}
)  # fmt: skip
_KEEP_SIZE_METHODS = frozenset({"astype", "copy", "numpy", "to_numpy", "clip", "round", "normal_"})


@asked_once
def order_of(value: Value) -> Order | None:
    """Whether examples come in an order that is the same every time and may mean something, or in a drawn one.

    None when it cannot be told. Numbers that were drawn independently are in random order already, and numbers that are
    all alike have no order of their own.
    """
    if "shuffled" in value.marks:
        return "random"
    if measures(value):
        return "constant"
    match value:
        case Constant() | SliceValue():
            return "constant"
        case Library(name=name):
            # A number like `np.pi` or a type like `tf.float32`; other libraries may export data.
            return "constant" if name.startswith(_WITHOUT_DATA) else None
        case Choice():
            return _one_of([order_of(option) for option in alternatives(value) if not is_none(option)])
        case Computed(operator="@", parts=(left, _)):
            return order_of(left)
        case Computed(parts=parts):
            return _mixed(parts)
        case Display(items=items):
            return _mixed(items) if "generator" not in value.marks else None
        case Mapping(entries=entries):
            return _mixed(list(entries.values()))
        case Item(of=of, index=index):
            return _order_of_item(of, index)
        case Element(of=of):
            return order_of(of)
        case Attribute(of=of, name=name):
            return order_of(of) if name in table("tensors")["order"]["methods"] else None
        case Result(call=call):
            return _order_of_call(call)
    return None


def _one_of(orders: list[Order | None]) -> Order | None:
    """The order of a value that is one of several: drawn if any is, since a permutation on some turns is one."""
    if "random" in orders:
        return "random"
    return orders[0] if orders and None not in orders and len(set(orders)) == 1 else None


def is_permuted(array: Value) -> bool:
    """Whether the rows of an array were put into a drawn order, as opposed to numbers that were drawn."""
    return any(
        "shuffled" in value.marks
        or (isinstance(value, Result) and matches(value.call.op or "", "order", "permutes"))
        or (isinstance(value, Result) and value.call.op is None and value.call.method in ("permutation", "permuted"))
        for value in ancestors(array)
    )


def _mixed(parts: Sequence[Value]) -> Order | None:
    """The order of what is computed from several parts: it means something if that of any part does."""
    orders = [order_of(part) for part in parts]
    if None in orders:
        return None
    return next((order for order in ("ordered", "random") if order in orders), "constant")


def _order_of_item(of: Value, index: Value) -> Order | None:
    if isinstance(index, SliceValue) and moves(index) == "window":
        return None
    indices = index.items if isinstance(index, Display) and index.kind == "tuple" else [index]
    first = indices[0] if indices else index
    if not isinstance(first, (Constant, SliceValue)):
        if _sorts_drawn_keys(first, of):
            return "random"
        if isinstance(first, Computed) and first.operator in _COMPARING:
            # A mask leaves the rest in its order.
            return order_of(of)
        picked = order_of(first)
        if picked not in ("ordered", "constant") or _sorts(first):
            return picked
    return order_of(of)


def _sorts(index: Value) -> bool:
    """Whether an index array comes from sorting, so that what it picks is sorted."""
    return any(isinstance(one, Result) and one.call.op in _SORTING for one in ancestors(index)) or (
        isinstance(index, Result) and index.call.method == "argsort"
    )


def _sorts_drawn_keys(index: Value, of: Value) -> bool:
    """Whether an index array sorts keys that were drawn for it, and so permutes what it has nothing to do with."""
    if not isinstance(index, Result):
        return False
    keys = index.call.argument(0) if index.call.op in _SORTING else None
    if keys is None and index.call.method == "argsort":
        keys = index.call.receiver
    if keys is None or order_of(keys) != "random":
        return False
    return _data_behind(keys).isdisjoint(_data_behind(of))


def _data_behind(value: Value) -> set[int]:
    """The results that a value comes from, apart from the generators that draw them."""
    found = ancestors(value, lambda one: not measures(one))
    return {id(one) for one in found if isinstance(one, Result) and one.call.op not in _SAMPLERS}


def measures(value: Value) -> bool:
    """Whether `value` says how large an array is, and has nothing else to do with what is in it."""
    if isinstance(value, Attribute):
        return value.name in ("shape", "size")
    return isinstance(value, Result) and value.call.op == "builtins.len"


def moves(index: SliceValue) -> Literal["batch", "window"] | None:
    """How a slice moves with a counter: from batch to batch, or as a window over a series, whose order is meant."""
    if index.lower is None or index.upper is None:
        return None
    counter = counter_of(index)
    if counter is None:
        return None
    strided = len(counter.arguments) == 3
    multiplied = any(isinstance(one, Computed) and one.operator == "*" for one in alternatives(index.lower))
    return "batch" if strided or multiplied else "window"


def counter_of(index: SliceValue) -> Call | None:
    """The `range` that a slice's bounds count along: that of `i` in `x[i : i + n]`."""
    for value in ancestors(index.lower) if index.lower is not None else ():
        match value:
            case Element(of=Result(call=call)) if call.op in _COUNTING and "shuffled" not in value.of.marks:
                return call
    return None


def _order_of_call(call: Call) -> Order | None:
    op = call.op or ""
    if op == "builtins.sorted" and "key" in call.keywords:
        # The key may be drawn.
        return None
    if matches(op, "order", "constant"):
        return "constant"
    if matches(op, "order", "ordered"):
        return "ordered"
    if op in _SAMPLERS or matches(op, "order", "random"):
        return "random"
    if op == "numpy.where" and len(call.arguments) == 1:
        return "ordered"
    if (op in _TAKING or (not op and call.method == "take")) and call.operands():
        taken = [*([call.receiver] if call.receiver is not None else []), *call.arguments]
        return _order_of_item(taken[0], taken[1]) if len(taken) > 1 else None
    if matches(op, "order", "joins"):
        # Blocks one after another come in the order of the blocks, even if each is constant in itself.
        joined = _mixed(call.arguments[:1])
        return "ordered" if joined == "constant" else joined
    if op in _ROW_BY_ROW and call.arguments:
        return order_of(call.arguments[0])
    if matches(op, "order", "keeps"):
        return _mixed(call.arguments)
    if not op and call.receiver is not None and call.method is not None:
        if _draws(call.receiver) or call.method == "sample":
            return "random"
        if call.method in table("tensors")["order"]["methods"]:
            return order_of(call.receiver)
    return None


def _draws(receiver: Value) -> bool:
    """Whether `receiver` is a random number generator."""
    return any(isinstance(option, Result) and option.call.op in _SAMPLERS for option in alternatives(receiver))


def integer_of(value: Value | None) -> int | None:
    """The integer `value` surely is: a constant, a known length, or arithmetic on them."""
    return _integer_of(value) if value is not None else None


@asked_once
def _integer_of(value: Value) -> int | None:
    match value:
        case Constant(value=bool()):
            return None
        case Constant(value=int() as number):
            return number
        case Computed(operator=operator, parts=(left, right)):
            a, b = integer_of(left), integer_of(right)
            if operator == "//":
                return a // b if a is not None and b else None
            folded = fold(operator, a, b) if a is not None and b is not None else None
            return folded if isinstance(folded, int) and not isinstance(folded, bool) else None
        case Result(call=call) if call.op == "builtins.len" and call.arguments:
            return size_of(call.arguments[0])
        case Item(of=Attribute(of=of, name="shape"), index=Constant(value=0)):
            return size_of(of)
        case Result(call=call) if call.op == "builtins.int" and call.arguments:
            return integer_of(call.arguments[0])
    return None


@asked_once
def size_of(value: Value) -> int | None:
    """The number of rows of an array, where it can be told."""
    match value:
        case Choice():
            sizes = {size_of(option) for option in alternatives(value) if not is_none(option)}
            return sizes.pop() if len(sizes) == 1 else None
        case Display(kind="list" | "tuple", open=False, items=items):
            return len(items)
        case Item():
            return _size_of_item(value)
        case Computed(parts=parts):
            return next((size for size in (size_of(part) for part in parts) if size is not None), None)
        case Result(call=call):
            return _size_of_call(call)
    return None


def _size_of_item(item: Item) -> int | None:
    shipped = _shipped_part(item)
    if shipped is not None:
        return shipped
    index = item.index
    if isinstance(index, Display) and index.items:
        index = index.items[0]
    if not isinstance(index, SliceValue):
        return size_of(index) if isinstance(index, (Item, Result)) else None
    size = size_of(item.of)
    lower, upper = integer_of(index.lower), integer_of(index.upper)
    if (
        index.step is not None
        or (index.lower is not None and lower is None)
        or (index.upper is not None and upper is None)
    ):
        return None
    if size is None:
        return None
    return len(range(size)[lower:upper])


def _shipped_part(item: Item) -> int | None:
    """`load_data()[0][0]` is the training part of a data set that Keras ships, `[1]` the test part."""
    match item.of, item.index:
        case Item(of=Result(call=call), index=Constant(value=int() as part)), Constant():
            sizes = table("tensors")["sizes"].get(call.op)
            return sizes[part] if sizes is not None and part in (0, 1) else None
    return None


def _size_of_call(call: Call) -> int | None:
    op, name = call.op or "", (call.op or call.method or "").rpartition(".")[2]
    if matches(op, "order", "random") or (not op and call.receiver is not None and _draws(call.receiver)):
        return _size_of_draw(call, name)
    if op in ("keras.Model.predict", "forward") and call.arguments:
        return size_of(call.arguments[0])
    if op.startswith(("numpy.", "tensorflow.", "keras.", "pandas.")):
        return _size_of_array_function(call, name)
    if op in _TAKING or (not op and call.method == "take"):
        taken = call.argument(1, "indices") if op else call.argument(0, "indices")
        return size_of(taken) if taken is not None else None
    if not op and call.method in _KEEP_SIZE_METHODS and call.receiver is not None:
        return size_of(call.receiver)
    if not op and call.method == "reshape" and call.receiver is not None and call.arguments:
        first = (
            call.arguments[0].items[0]
            if isinstance(call.arguments[0], Display) and call.arguments[0].items
            else call.arguments[0]
        )
        rows = integer_of(first)
        return rows if rows is not None and rows >= 0 else None
    return None


def _size_of_draw(call: Call, name: str) -> int | None:
    shape = call.argument(None, "size") or call.argument(None, "shape")
    if shape is None and name in (
        "rand",
        "randn",
        "random",
        "random_sample",
        "uniform",
        "normal",
        "truncated_normal",
        "permutation",
    ):
        numpy_shapes = (call.op or "").startswith("numpy.") or not call.op
        if name in ("rand", "randn", "random", "random_sample", "permutation") or not numpy_shapes:
            shape = call.argument(0)
    if shape is None and name in ("randint", "integers", "normal", "uniform"):
        shape = call.argument(2)
    if shape is None:
        return None
    if isinstance(shape, Display):
        return integer_of(shape.items[0]) if shape.items and not shape.open else None
    rows = integer_of(shape)
    return rows if rows is not None else size_of(shape)


def _size_of_array_function(call: Call, name: str) -> int | None:
    first = call.argument(0)
    if name in _SHAPED_FIRST and first is not None:
        if isinstance(first, Display) and first.items:
            return integer_of(first.items[0])
        return integer_of(first) if not name.endswith("_like") else size_of(first)
    if name in ("arange", "range") and len(call.arguments) == 1:
        return integer_of(first)
    if name == "linspace":
        return integer_of(call.argument(2, "num"))
    if name in ("concatenate", "concat"):
        return _size_of_concatenation(call)
    if name == "repeat" and first is not None:
        times, size = integer_of(call.argument(1, "repeats")), size_of(first)
        return times * size if times is not None and size is not None else None
    if name in _KEEP_SIZE and first is not None:
        inner = (
            first.items[0]
            if isinstance(first, Display) and name in ("column_stack", "hstack") and first.items
            else first
        )
        return size_of(inner) if not isinstance(inner, Constant) else integer_of(inner)
    return None


def _size_of_concatenation(call: Call) -> int | None:
    parts, axis = call.argument(0), call.argument(1, "axis")
    if not isinstance(parts, Display) or parts.open or not parts.items:
        return None
    sizes = [size_of(part) for part in parts.items]
    if axis is not None and integer_of(axis) != 0:
        return sizes[0]
    return sum(size for size in sizes if size is not None) if None not in sizes else None
