"""Phrases that no user reads any more, each with what the field says instead; the tests of code and of output share
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

RETIRED: Mapping[str, str] = {
    r"set aside": "dropped, invalid rows",
    r"\bnames?\b[^.:;]{0,40}\bright\b": "accuracy, classified correctly",
    r"\bnamed right\b": "predicted correctly",
    r"\btags?\b[^.:;]{0,20}\bright\b": "tagged correctly",
    r"surest mistakes?": "most confident errors",
    r"what it saw": "examples",
    r"right and wrong": "errors",
    r"part by part": "per-class results",
    r"how it learn(ed|t)\b": "training",
    r"against baselines": "baselines",
    r"input by input": "input ablation",
    r"what it makes": "generated samples, representations",
    r"told apart": "discriminator accuracy",
    r"\btells? apart\b": "distinguish",
    r"\bnew (rows|pictures|images|clips)\b": "generated samples",
    r"look(ed|s|ing)? (number \S+ )?at the test rows": "test-set accesses",
    r"\bbodies\b": "encoders",
    r"\bbody\b": "encoder",
    r"held-out (rows|images|pictures|clips|windows)": "test set",
    r"\bthe answer\b": "prediction, summary",
    r"always (giving|answering)": "constant prediction, majority-class baseline",
    r"\blookback\b": "context length",
    r"\bleast_rows\b": "min_samples_leaf",
    r"\btwins?\b": "duplicates",
    r"\ba judge\b": "a reference classifier",
    r"asked for by class": "requested class",
    r"these rows cannot": "the difference could be zero",
    r"as far as these rows": "about as well",
    r"\bdemonstrabl[ey]\b": "significantly",
    r"rows? (it|the network) was trained on": "training data",
    r"rows an update": "batch size",
    r"\btaken for\b": "predicted",
    r"\bwhat came\b": "actual",
    r"\bsaid (→|by)": "predicted",
    r"what happened": "event",
    r"straddles": "contains",
    r"\b(how|too) sure\b": "confident, confidence",
    r"told right": "predicted correctly",
    r"filled in right": "imputed correctly",
    r"\bof rows to come\b": "of unseen data",
    r"without what it was trained for": "embedding",
    r"\bsets? \w+ aside\b": "dropped, invalid rows",
    r"\bmeans? nothing\b": "has no effect",
    r"hold together": "Bonferroni correction, simultaneous intervals",
    r"one against the rest": "one-vs-rest",
    r"codes a row": "latent samples per example",
    r"\bcarved\b": "taken from the train rows",
    r"what a run's network makes of rows": "embeddings",
    # not of the command, and not of a table of train rows with a column "text"
    r"(?<!leadline )\btrain (rows?|data|examples?|windows?|files?|texts)\b": "training rows, training data",
    r"\b(holds?|held) the truth": "covers the true value, coverage",
    r"\bsame bits\b": "bit-identical",
    r"\b(least|smaller) loss\b": "lowest loss, lower loss",
    r"\bmost (boosting )?(iterations|leaves|tokens of|n-grams|training examples)\b": "maximum number of",
    r"\ba leak\b": "target leakage",
    r"\btells? of\b": "suggests",
    r"\b(is|are|was|were) not finite\b": "NaN or infinite",
    r"\bspoilt\b": "corrupted",
    r"\bin a known format\b": "a supported format",
    r"\bbefore the target\b": "at prediction time",
    r"\bdrawn anew\b": "shuffled, sampled again",
    r"\bgoes on with\b": "continues, resumes",
    r"\bvalidation measures?\b": "validation metric",
    r"\bbounds nothing\b": "out of range",
    r"\btakes? for it\b": "assigns to it",
    r"\bof which as many should be\b": "nominal coverage",
}
PATTERNS = {phrase: re.compile(phrase, re.IGNORECASE) for phrase in RETIRED}


def retired_in(text: str) -> Iterator[str]:
    """Yield each retired phrase that a text holds, with what stands around the first of it and what to say."""
    plain = " ".join(text.split())
    for phrase, pattern in PATTERNS.items():
        found = pattern.search(plain)
        if found:
            around = plain[max(0, found.start() - 30) : found.end() + 30]
            yield f"‘…{around}…’ ({phrase}): say {RETIRED[phrase]}"
