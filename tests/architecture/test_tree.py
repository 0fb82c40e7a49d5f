"""ARCHITECTURE.md shows the tree that there is."""

from __future__ import annotations

from package import PACKAGE, ROOT
from tree import FOLDERS, tree

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_tree_of_the_page_is_that_of_the_package() -> None:
    assert "\n".join(tree()) in PAGE, "python tests/architecture/tree.py prints the tree as it is"


def test_every_folder_at_the_top_is_told() -> None:
    tops = {path.name for path in PACKAGE.iterdir() if any(path.glob("*.py"))}
    assert tops == {folder for folder in FOLDERS if "/" not in folder}
    assert [folder for folder in FOLDERS if not (PACKAGE / folder).is_dir()] == []
