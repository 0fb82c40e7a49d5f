"""Where code asks which item of a registry it has in hand: by its name or kind, or by its class.

An item (a column type, a target, an objective, a step …) answers for itself: code outside its own file that compares
its name does the wrong thing for an item of somebody else. ``python tests/architecture/kinds.py [FOLDER|FILE …]``
prints each such place as ``file:line``; `test_kinds.py` holds the number in each file to what is allowed there.

Counted are, where a `.kind`, `.type` or `.name` (or a variable called so) meets a literal that is a name in a registry:
``==``, ``!=``, ``in``, ``not in``, ``match``, and the lookup in a literal table of such names; and `isinstance`
against a class of an item, or a capability of objectives.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from package import Module, imports, modules

from leadline.core.registry_tables import TABLES

ASKED = re.compile(r"(\w+_)?(kind|kinds|type|types|name)")
# Kinds that no registry lists: that of signals with steps.
SHARED = frozenset({"sequence"})
CALLS = frozenset({"set", "frozenset", "tuple", "list", "sorted", "next", "str", "get", "getattr"})


class Place(NamedTuple):
    """One place that asks, by file (relative to the package) and line, and what it asks for."""

    path: str
    line: int
    text: str


@cache
def owners() -> Mapping[str, frozenset[str]]:
    """Return the names that registries list, each with the modules that it may be compared in: its own."""
    found: dict[str, set[str]] = {name: set() for name in SHARED}
    for table in TABLES.values():
        for name, entry in table.items():
            found.setdefault(name, set()).add(entry.target.partition(":")[0])
    return {name: frozenset(own) for name, own in found.items()}


@cache
def classes() -> frozenset[tuple[str, str]]:
    """Return the classes of items, those they derive from in their own area, and the capabilities: (module, class)."""
    known = modules()
    items = {entry.target.partition(":")[0] for table in TABLES.values() for entry in table.values()} & set(known)
    defined = {(name, c.name): c for name, m in known.items() for c in m.tree.body if isinstance(c, ast.ClassDef)}
    found = {key for key, c in defined.items() if any("runtime_checkable" in ast.unparse(d) for d in c.decorator_list)}
    left = [key for key in defined if key[0] in items]
    while left:
        module, name = left.pop()
        found.add((module, name))
        origin = {here: (where, there) for here, where, there in imports(known[module].tree, known)}
        for base in (b.id for b in defined[module, name].bases if isinstance(b, ast.Name)):
            key = origin.get(base, (module, base))
            if key in defined and key not in found and key[0].split(".")[1] == module.split(".")[1]:
                left.append(key)
    return frozenset(found)


class Constants(NamedTuple):
    """What the names of one module stand for, as far as they are literals."""

    own: Mapping[str, frozenset[str]]
    origin: Mapping[str, tuple[str, str]]


def strings(node: ast.expr, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the strings that a literal stands for; of a table, its keys; none where it is not a literal."""
    match node:
        case ast.Constant(value=str(value)):
            return frozenset({value})
        case ast.Name(id=name):
            return named.get(name, frozenset())
        case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
            return frozenset().union(*(strings(e, named) for e in elts))
        case ast.Dict(keys=keys):
            return frozenset().union(*(strings(k, named) for k in keys if k is not None))
        case ast.Starred(value=value):
            return strings(value, named)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.Add(), right=right):
            return strings(left, named) | strings(right, named)
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "tuple" | "dict"), args=[only]):
            return strings(only, named)
    return frozenset()


@cache
def constants() -> Mapping[str, Constants]:
    """Return what the constants of each module stand for."""
    return {name: literals(module) for name, module in modules().items()}


def literals(module: Module) -> Constants:
    """Return what the constants of a module stand for, and where the names it imports come from."""
    own: dict[str, frozenset[str]] = {}
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and (value := strings(node.value, own)):
                own[target.id] = value
    return Constants(own, {here: (where, there) for here, where, there in imports(module.tree, modules())})


def named_in(module: Module) -> Mapping[str, frozenset[str]]:
    """Return the literals that names in a module stand for, its own and the imported ones."""
    table = constants()
    own, origin = literals(module)
    taken = {here: table[where].own.get(there) for here, (where, there) in origin.items() if there}
    return {**{here: value for here, value in taken.items() if value}, **own}


def asks(node: ast.AST) -> bool:
    """Say whether an expression is the name or the kind of something, or several of them."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return ASKED.fullmatch(name) is not None
        case ast.Subscript(value=value, slice=key):
            return (isinstance(key, ast.Constant) and key.value in {"kind", "name"}) or asks(value)
        case ast.Call(func=func, args=args):
            called = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
            literal = any(isinstance(a, ast.Constant) and a.value in {"kind", "name"} for a in args)
            return called in CALLS and (literal or any(asks(a) for a in args if not isinstance(a, ast.Constant)))
        case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
            return any(asks(e) for e in elts)
        case ast.SetComp(elt=elt) | ast.ListComp(elt=elt) | ast.GeneratorExp(elt=elt):
            return asks(elt)
        case ast.IfExp(body=body, orelse=orelse):
            return asks(body) or asks(orelse)
        case ast.BinOp(left=left, right=right):
            return asks(left) or asks(right)
        case ast.NamedExpr(value=value) | ast.Starred(value=value):
            return asks(value)
    return False


def foreign(names: frozenset[str], module: Module) -> frozenset[str]:
    """Return those of the names that belong to items of other files."""
    return frozenset(n for n in names if n in owners() and module.name not in owners()[n])


def patterns(pattern: ast.pattern) -> Iterator[ast.expr]:
    """Yield the values that a pattern compares with."""
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchValue):
            yield node.value


def compared(node: ast.AST, named: Mapping[str, frozenset[str]]) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the line and the literals of each comparison that a node makes with a name or a kind."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = [left, *rest]
            for (a, b), op in zip(pairwise(sides), ops, strict=True):
                if isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn | ast.LtE | ast.GtE | ast.Lt | ast.Gt):
                    if asks(a):
                        yield node.lineno, strings(b, named)
                    elif asks(b):
                        yield node.lineno, strings(a, named)
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.Sub(), right=right) if asks(left) or asks(right):
            yield node.lineno, strings(left, named) | strings(right, named)
        case ast.Match(subject=subject, cases=cases):
            for case in cases:
                if asks(subject):
                    values = [strings(v, named) for v in patterns(case.pattern)]
                    yield case.pattern.lineno, frozenset().union(*values)
                else:
                    yield case.pattern.lineno, frozenset().union(*_by_keyword(case.pattern, named))
        case ast.Subscript(value=table, slice=key) if asks(key) and isinstance(table, ast.Name | ast.Dict):
            yield node.lineno, strings(table, named)
        case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[key, *_]) if asks(key):
            yield node.lineno, strings(table, named)


def _by_keyword(pattern: ast.pattern, named: Mapping[str, frozenset[str]]) -> Iterator[frozenset[str]]:
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchClass):
            for name, inner in zip(node.kwd_attrs, node.kwd_patterns, strict=True):
                if ASKED.fullmatch(name):
                    yield from (strings(v, named) for v in patterns(inner))


def tested(node: ast.AST, module: Module) -> Iterator[tuple[int, frozenset[str]]]:
    """Yield the line and the names of the classes of items that a node tests for."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"isinstance", "issubclass"}:
        wanted = [node.args[1]]
    elif isinstance(node, ast.match_case):
        wanted = [inner.cls for inner in ast.walk(node.pattern) if isinstance(inner, ast.MatchClass)]
    else:
        return
    origin = literals(module).origin
    found = set()
    for each in (inner for expression in wanted for inner in ast.walk(expression)):
        if isinstance(each, ast.Name) and each.id in origin:
            where = origin[each.id]
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in origin:
            where = (origin[each.value.id][0], each.attr)
        else:
            continue
        if where in classes() and where[0] != module.name:
            found.add(where[1])
    line = node.lineno if isinstance(node, ast.Call) else node.pattern.lineno if isinstance(node, ast.match_case) else 0
    yield line, frozenset(found)


def places(module: Module) -> list[Place]:
    """Return where a module asks which item it has in hand, in order."""
    named, found = named_in(module), []
    for node in ast.walk(module.tree):
        for line, names in compared(node, named):
            if others := foreign(names, module):
                found.append(Place(module.path, line, ", ".join(sorted(others))))
        for line, items in tested(node, module):
            if items:
                found.append(Place(module.path, line, ", ".join(sorted(items))))
    return sorted(found)


@cache
def everywhere() -> tuple[Place, ...]:
    """Return all places of the package."""
    return tuple(place for module in modules().values() for place in places(module))


def main(wanted: list[str]) -> None:
    """Print the places, those of some files or folders if given, and how many there are by file."""
    starts = tuple(w.partition("leadline/")[2] or w for w in wanted) or ("",)
    chosen = [place for place in everywhere() if place.path.startswith(starts)]
    for path, line, text in chosen:
        print(f"src/leadline/{path}:{line}: {text}")
    for path, count in sorted(Counter(p.path for p in chosen).items()):
        print(f"{count:4} {path}")
    print(f"{len(chosen):4} in all")


if __name__ == "__main__":
    main(sys.argv[1:])
