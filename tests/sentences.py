"""How tests name a sentence: by its name in the catalogue, with the values that matter, never by its text."""

from __future__ import annotations

import re
import string

from leadline.core.catalogue import filled, template


def says(name: str, /, **values: object) -> str:
    """Return a regular expression for `pytest.raises`: a sentence with these values in it, whatever the others are.

    Raises KeyError for a name that there is not, and AssertionError for a value that the sentence does not hold.
    """
    parts, left = [], dict(values)
    for literal, field, spec, conversion in string.Formatter().parse(template(name)):
        parts.append(re.escape(literal))
        if field in values:
            hole = "{" + field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            parts.append(re.escape(filled(hole, {field: values[field]})))
            left.pop(field, None)
        elif field is not None:
            parts.append(r"[\s\S]*")
    assert not left, f"the sentence {name} holds no {sorted(left)}"
    # entries of the experiment are written as they are where the sentence is said
    return re.sub(r"⟦[^⟧]*⟧", r"[\\s\\S]*", "".join(parts))
