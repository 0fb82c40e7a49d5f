"""Every sentence that the code says is in the catalogue, with the values it is given, and none lies there unsaid."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, nodes
from package import PACKAGE, modules

from leadline.core import catalogue
from leadline.core.entries.places import entries, item_entries
from leadline.core.entries.train_options import OPTIONS
from leadline.core.experiment import Experiment

NAME = re.compile(r"[a-z_]+\.[a-z0-9_-]+")
TEMPLATES = ("j2", "html", "jinja")


@cache
def said() -> dict[str, str]:
    """Return all English sentences by their full names."""
    return {
        f"{file.stem}.{key}": text
        for file in sorted((catalogue.FOLDER / catalogue.ENGLISH).glob("*.toml"))
        for key, text in catalogue.sentences(catalogue.ENGLISH, file.stem).items()
    }


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield where `say` is called, and the call."""
    for module in modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield f"{module.path}:{node.lineno}", node


def fields(text: str) -> set[str]:
    """Return the names of the values that a sentence holds."""
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def written() -> set[str]:
    """Return all texts in the code and the templates that have the form of a sentence's name."""
    found = {
        node.value
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for file in PACKAGE.rglob("*"):
        if file.suffix.lstrip(".") in TEMPLATES:
            found |= set(NAME.findall(file.read_text(encoding="utf-8")))
    return found


def test_what_is_said_is_in_the_catalogue_with_its_values() -> None:
    wrong = []
    for where, call in calls():
        name = call.args[0]
        if not isinstance(name, ast.Constant):
            continue  # one of several names, which stand in a table of the module
        given = {keyword.arg for keyword in call.keywords}
        if name.value not in said():
            wrong.append(f"{where}: there is no sentence {name.value}")
        elif None not in given and fields(said()[name.value]) != given:
            wrong.append(f"{where}: {name.value} holds {fields(said()[name.value])} and is given {given}")
    assert wrong == []


def in_templates() -> Iterator[tuple[str, str, set[str]]]:
    """Yield where a template says a sentence, its name, and the names of the values it is given."""
    for file in PACKAGE.rglob("*.j2"):
        parsed = Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))
        for call in parsed.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "say":
                yield f"{file.name}:{call.lineno}", call.args[0].as_const(), {one.key for one in call.kwargs}


def test_templates_say_what_is_in_the_catalogue_with_its_values() -> None:
    found = list(in_templates())
    assert len(found) > 50
    assert [(where, name) for where, name, _ in found if name not in said()] == []
    assert [(where, name) for where, name, given in found if fields(said()[name]) != given] == []


def test_no_sentence_lies_unsaid() -> None:
    assert set(said()) - written() == set()


def test_other_languages_have_no_sentence_and_no_value_that_english_lacks() -> None:
    for folder in catalogue.FOLDER.iterdir():
        for file in folder.glob("*.toml") if folder.name != catalogue.ENGLISH else ():
            for key, text in catalogue.sentences(folder.name, file.stem).items():
                english = said().get(f"{file.stem}.{key}")
                assert english is None or fields(text) <= fields(english), f"{folder.name}: {file.stem}.{key}"


def test_entries_that_sentences_name_are_there() -> None:
    places = {one.place for one in (*entries(), *item_entries())} | set(Experiment.model_fields) | set(OPTIONS)
    named = {entry for text in said().values() for entry in re.findall(r"⟦([^=⟧]+?)(?:\.\{[a-z]+\})?[=⟧]", text)}
    named = {re.sub(r"\{([a-z]+)\}", lambda held: held[1].upper(), one) for one in named}  # INPUT stands for any
    # below these stand names that a user chooses
    free = ("data.types.", "objective.")
    places |= {place.rpartition(".")[0] for place in places}  # what holds entries that a sentence fills in
    assert [one for one in sorted(named) if one not in places and not one.startswith(free)] == []


# declared beside what they name, as plugins declare theirs
DECLARED = {"Affine", "Amount", "Word", "Display", "InputType", "TargetType", "Modality", "SchemaError"}
EXPLAINED = {
    "a fraction of the clip's length",  # the meaning of an option, declared once for two
    "samples a second",  # the unit of an option
    "does not exist",  # what libraries say of files that are wrong
    "end of data",
    "could not parse",
    "Did you mean",  # how a suggestion of ours begins
    "true or false",  # a type of JSON
    "the target is missing",  # a reason in the table of invalid rows, by which such rows are found
}


def sentences_in_code(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield texts of three words or more, with their lines, which are neither documentation, declarations nor
    assertions.
    """
    passed: set[int] = set()
    for node in ast.walk(tree):
        skipped: list[ast.AST] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped = [node.value]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in DECLARED:
            skipped = [*ast.walk(node)]
        elif isinstance(node, ast.Assert) and node.msg is not None:
            skipped = [*ast.walk(node.msg)]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "description":
            skipped = [node.value]  # of a likelihood
        passed |= {id(one) for one in skipped}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in node.values}
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in passed and len(re.findall(r"(?<!\S)[A-Za-z][a-z'-]*(?=[\s,.;:!?]|$)", text)) >= 3:
            yield node.lineno, text


def test_no_sentence_of_the_data_stands_in_code() -> None:
    found = [
        f"{module.path}:{line}: {text}"
        for module in modules().values()
        if module.name.startswith("leadline.data.")
        for line, text in sentences_in_code(module.tree)
        if text not in EXPLAINED
    ]
    assert found == []
    assert [text for _, text in sentences_in_code(ast.parse("f'{n} rows are left {out}'"))] == ["{} rows are left {}"]
