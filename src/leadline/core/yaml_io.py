"""YAML as people expect it: ``on`` and ``no`` are words, and so are ``1:30`` and dates; ``1e-3`` is a number, and
``010`` is ten (as in the core schema of YAML 1.2, unlike PyYAML's 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from leadline.core.catalogue import say
from leadline.errors import UsageError


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    pass


_FLOAT = re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$")
_INTEGER = re.compile(r"^[-+]?\d+$|^0o[0-7]+$|^0x[0-9a-fA-F]+$")
_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")  # of what PyYAML takes plain words for
for _kind in (_Loader, _Dumper):
    _kind.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    # resolvers are tried in order, so integers win over the wider pattern of floats
    _kind.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    _kind.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)

_OTHERS: Any = yaml.SafeLoader("")  # reads plain words as YAML 1.1 does
MOST_VALUES = 1_000_000  # that an experiment may stand for
_TRUTHS = frozenset("yYnN")  # of YAML 1.1 too, though PyYAML takes them for text


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    """Return text as a scalar, in quotes where readers of YAML 1.1 would take it for something else: ``'Yes'``."""
    plain = _OTHERS.resolve(yaml.ScalarNode, text, (True, False))
    quoted = text in _TRUTHS or plain != _Dumper.DEFAULT_SCALAR_TAG
    return dumper.represent_scalar(_Dumper.DEFAULT_SCALAR_TAG, text, style="'" if quoted else None)


_Dumper.add_representer(str, _text)


def load(text: str, where: str) -> Any:
    """Read YAML; raises UsageError saying where, to the line and column, and what is wrong."""
    return _read(text, where)[0]


def _read(text: str, where: str) -> tuple[Any, dict[str, str]]:
    """Return values, and where each entry stands by its dotted place."""
    try:
        loader = _Loader(text)  # a SafeLoader: nothing in the text can run code
        node = loader.get_single_node()
        if _size(node, {}) > MOST_VALUES:
            raise UsageError(say("yaml.too-many-values", where=where, most=MOST_VALUES))
        _check_keys(node, where)
        marks = dict(_marks(node, "", where))
        return None if node is None else loader.construct_document(node), marks
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        name = _problem(error)
        at = [getattr(error, kind, None) for kind in ("problem_mark", "context_mark")]
        if name.startswith("yaml.open-"):
            at.reverse()  # where it was opened, not where the text ends
        mark = next(filter(None, at), None)
        raise UsageError(say("yaml.wrong", where=f"{where}{_at(mark)}", words=say(name))) from None


# What PyYAML says of a text -> the sentence that says it here, the first that is part of it.
_PROBLEMS: Mapping[str, str] = {
    "mapping values are not allowed": "yaml.colon",
    "character '\\t'": "yaml.tab",
    "that cannot start any token": "yaml.first-character",
    "could not find expected ':'": "yaml.no-colon",
    "expected ',' or ']'": "yaml.open-bracket",
    "expected ',' or '}'": "yaml.open-brace",
    "unexpected end of stream": "yaml.open-quote",
    "but found '<stream end>'": "yaml.ends",
    "expected <block end>": "yaml.indentation",
    "invalid indentation": "yaml.indentation",
    "found undefined alias": "yaml.alias",
    "recursive": "yaml.recursive",
    "unknown escape character": "yaml.escape",
    "hexadecimal": "yaml.escape",
    "could not determine a constructor": "yaml.tag",
    "unhashable key": "yaml.key",
    "special characters are not allowed": "yaml.character",
    "expected a single document": "yaml.documents",
}


def _size(node: yaml.Node | None, known: dict[int, int]) -> int:
    """Return how many values a node stands for once its aliases are written out, which a few lines of them can make
    billions.
    """
    if node is None or isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = 0  # of a node within itself, which is refused elsewhere
        parts = node.value if isinstance(node, yaml.SequenceNode) else [value for _, value in node.value]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _problem(error: Exception) -> str:
    """Return the name of the sentence that says what is wrong."""
    if isinstance(error, RecursionError):
        return "yaml.deep"
    said = " ".join(str(one) for one in (getattr(error, "context", ""), getattr(error, "problem", ""), error) if one)
    return next((name for part, name in _PROBLEMS.items() if part in said), "yaml.other")


def _at(mark: Any) -> str:
    return "" if mark is None else say("yaml.at", line=mark.line + 1, column=mark.column + 1)


def _marks(node: yaml.Node | None, path: str, where: str) -> Iterator[tuple[str, str]]:
    """Yield the dotted place of every entry with where it stands: ``experiment.yaml, line 7, column 3``."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            place = f"{path}{key.value}"
            yield place, f"{where}{_at(key.start_mark)}"
            yield from _marks(value, f"{place}.", where)


def _check_keys(node: yaml.Node | None, where: str) -> None:
    """Raise UsageError, with the lines, where a mapping has a key twice: PyYAML would take the last one and say
    nothing.
    """
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, where)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in lines:
                    raise UsageError(
                        say(
                            "core.key-twice",
                            where=where,
                            line=line,
                            key=key.value,
                            first_line=lines[key.value],
                        )
                    )
                lines[key.value] = line
            _check_keys(value, where)


def load_mapping(file: Path) -> dict[str, Any]:
    """Read a file whose top level maps names to values; raises UsageError naming the file, and the line where there is
    one.
    """
    return load_marked(file)[0]


def load_marked(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what `load_mapping` does, and where each entry stands in the file by its dotted place."""
    try:
        values, marks = _read(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        raise UsageError(say("core.no-experiment-file", file=file)) from None
    except UnicodeDecodeError:
        raise UsageError(say("core.not-utf-8", file=file)) from None
    if not isinstance(values, dict):
        raise UsageError(say("core.no-experiment-in-file", file=file))
    return values, marks


def dump(values: Any) -> str:
    """Return values as YAML that `load`, and readers of YAML 1.1, read back."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def inline(values: Any) -> str:
    """Return values as YAML in one line, as people write them in an experiment."""
    return yaml.safe_dump(values, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**31).strip()
