"""Importing the package and asking for help load nothing heavy."""

import pkgutil
import subprocess
import sys

import pytest

HEAVY = ("torch", "polars", "matplotlib", "numpy", "scipy", "sklearn", "pandas", "PIL", "soundfile")


def loaded(code: str) -> set[str]:
    """Return which of `HEAVY` a fresh interpreter has loaded after running `code`."""
    report = f"import sys; sys.stderr.write('\\nLOADED ' + ' '.join(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    return set(done.stderr.rpartition("LOADED ")[2].split())


def command(*arguments: str) -> str:
    return (
        "import contextlib, sys\n"
        f"sys.argv = {['leadline', *arguments]!r}\n"
        "from leadline.__main__ import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()"
    )


def test_import_loads_nothing_heavy():
    assert loaded("import leadline; dir(leadline)") == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["models"],
        ["augmentations"],
        ["analyses"],
        ["datasets", "--json"],
        ["train", "--batch-size=3"],
    ],
)
def test_help_lists_and_usage_errors_load_nothing_heavy(arguments):
    assert loaded(command(*arguments)) == set()


@pytest.mark.parametrize(
    "line", ["leadline tr", "leadline train d", "leadline train x --network ", "leadline train x --set training."]
)
def test_what_tab_offers_loads_nothing_heavy(line):
    asked = {
        "_LEADLINE_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": line,
    }
    assert loaded(f"import os\nos.environ.update({asked!r})\n{command()}") == set()


def test_facts_load_no_torch():
    code = "import leadline.core.report, leadline.core.requirement, leadline.core.schema, leadline.core.registry"
    assert "torch" not in loaded(code)


def test_the_check_sees_what_is_loaded():
    assert "numpy" in loaded("import numpy")


def test_every_public_name_can_be_reached():
    import leadline

    assert all(getattr(leadline, name) is not None for name in leadline.__all__)


def test_no_package_takes_the_name_of_a_verb():
    # Python sets an imported package as an attribute of the one above it: `leadline.report` would be no function any
    # more.
    import leadline

    packages = {module.name for module in pkgutil.iter_modules(leadline.__path__)}
    assert len(packages) > 10
    assert packages & set(leadline.__all__) == set()


def test_an_unknown_public_name_is_an_attribute_error():
    import leadline

    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        leadline.trian  # noqa: B018  reading it is the test
