"""YAML as people expect it: ``on`` and ``no`` are words, ``1e-3`` is a number (as in YAML 1.2, unlike PyYAML's 1.1)."""

from __future__ import annotations

import re
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
for _kind in (_Loader, _Dumper):
    # resolvers are tried in order, so integers keep winning over the wider float pattern
    _kind.yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    _kind.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def load(text: str, where: str) -> Any:
    """Read YAML; raises UsageError saying where and what is wrong."""
    try:
        _check_keys(yaml.compose(text, Loader=_Loader), where)
        return yaml.load(text, Loader=_Loader)  # a SafeLoader: plain values only, nothing in the text can run code
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(say("core.not-yaml", where=where, error=error)) from None


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
                            "core.line-twice-first-line",
                            where=where,
                            line=line,
                            key_value=key.value,
                            lines=lines[key.value],
                        )
                    )
                lines[key.value] = line
            _check_keys(value, where)


def load_mapping(file: Path) -> dict[str, Any]:
    """Read a file whose top level maps names to values; raises UsageError naming the file, and the line where there is
    one.
    """
    try:
        values = load(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        raise UsageError(say("core.no-experiment-file", file=file)) from None
    except UnicodeDecodeError:
        raise UsageError(say("core.not-yaml-not-text", file=file)) from None
    if not isinstance(values, dict):
        raise UsageError(say("core.holds-no-experiment-top", file=file))
    return values


def dump(values: Any) -> str:
    """Return values as YAML that `load` reads back."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def inline(values: Any) -> str:
    """Return values as YAML in one line, as people write them in an experiment."""
    return yaml.safe_dump(values, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**31).strip()
