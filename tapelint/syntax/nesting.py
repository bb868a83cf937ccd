"""How deeply a text may nest, and how long its chains of operators may be.

LibCST's parser is recursive native code: what is nested too deeply does not raise, it ends the process. Python draws a
line at 200 brackets and 100 indented blocks, and its compiler gives up on expressions of some thousand operators; no
program that runs is lost by drawing the line before the parser.
"""

import re

MOST_BRACKETS = 200
MOST_LINKS = 6_000
MOST_RUNGS = 10_000

_BRACKETS = b"()[]{}"
_OPERATORS = b"-+*/%@&|^~<>."
_WORDS = "and", "or", "not", "if", "lambda", "await"

_NOT_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_NOT_LINKS = bytes(set(range(256)) - set(_BRACKETS) - set(_OPERATORS))

_TOKEN = re.compile(
    r"""
    '''(?:[^\\']|\\.|'(?!''))*'''  |  "{3}(?:[^\\"]|\\.|"(?!""))*"{3}
    |  '(?:[^\\'\r\n]|\\.)*'  |  "(?:[^\\"\r\n]|\\.)*"  |  \#[^\r\n]*
    |  (?P<open>[(\[{])
    |  (?P<close>[)\]}])
    |  (?P<line>[\r\n])
    |  (?P<separator>[,;])
    |  (?P<link>[-+*/%@&|^~<>.]|\b(?:and|or|not|if|lambda|await)\b)
    """,
    re.VERBOSE | re.DOTALL,
)


def overload(text: str) -> tuple[str, int] | None:
    """What is too much in `text`, and the offset where it becomes too much."""
    rungs = text.count("elif")
    if rungs > MOST_RUNGS:
        return f"a file with {rungs} `elif` branches is more than tapelint reads", text.index("elif")
    return _measure(text) if _is_suspicious(text) else None


def _is_suspicious(text: str) -> bool:
    """Whether the text could be over a limit: a test for every file, a thousand times cheaper than measuring."""
    data = text.encode("utf-8", "surrogatepass")
    links = len(data.translate(None, _NOT_LINKS)) + sum(text.count(word) for word in _WORDS)
    if links > MOST_LINKS:
        return True
    brackets = data.translate(None, _NOT_BRACKETS)
    levels = 0
    while len(brackets) + levels > MOST_BRACKETS:
        without_innermost = brackets.replace(b"()", b"").replace(b"[]", b"").replace(b"{}", b"")
        if len(without_innermost) == len(brackets):
            return True
        brackets = without_innermost
        levels += 1
    return False


def _measure(text: str) -> tuple[str, int] | None:
    links = [0]  # in the statement, and in each bracket that is open
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                links[-1] += 1
                links.append(0)
                if len(links) - 1 > MOST_BRACKETS:
                    return "too many nested parentheses", token.start()
            case "close" if len(links) > 1:
                links.pop()
            case "separator":
                links[-1] = 0
            case "line" if len(links) == 1:
                links[-1] = 0
            case "link":
                links[-1] += 1
        if links[-1] > MOST_LINKS:
            return f"an expression of more than {MOST_LINKS} operators is more than tapelint reads", token.start()
    return None
