"""The report of sizes sees what is long."""

from __future__ import annotations

from sizes import FILE_LINES, FUNCTION_LINES, long_ones


def test_the_report_sees_long_files_and_functions() -> None:
    body = "\n".join("        x = 1" for _ in range(FUNCTION_LINES))
    text = f"class A:\n    def f(self):\n{body}\n" + "\n" * FILE_LINES
    assert long_ones("a.py", text) == {"a.py": len(text.splitlines()), "a.py:A.f": FUNCTION_LINES + 1}
    assert long_ones("a.py", "def f():\n    pass\n") == {}
