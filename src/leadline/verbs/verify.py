"""Check that a run's report is true: its files, its page, and every number, measured again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from leadline.pipeline.progress import progress
from leadline.pipeline.verify import verify_run
from leadline.run import folder as files
from leadline.run.run import Run
from leadline.run.verification import Verification


def verify(
    run: Run | str | Path,
    source: object = None,
    *,
    full: bool = False,
    modules: Mapping[str, nn.Module] | None = None,
    trust_code: bool = False,
    key: str | Path | None = None,
    quiet: bool = False,
) -> Verification:
    """Return whether each file, page, figure and prediction of a finished run still holds.

    `source` is the data again, for runs on data in memory or whose data was moved, and `modules` a user's own modules
    by input name. Baselines are compared by their stored predictions; `full` fits them again. `trust_code` lets code
    that the run names be run; without it the files and pages of such a run are checked, and nothing is measured again.
    `key` is a PEM file with the public key of whoever signed the run's claims: whether they did is checked too. What
    was found is written into the run folder, as ``verification.json``, and counts as an access to the test rows.

    Raises RunError where the folder holds no finished run, and UsageError where the key cannot be read.
    """
    folder = run.folder if isinstance(run, Run) else Path(run).expanduser()
    signer = Path(key).expanduser() if key is not None else None
    with progress(quiet) as shown:
        found = verify_run(folder, source, modules or {}, shown, full=full, trusted=trust_code, key=signer)
    files.write(folder / files.VERIFICATION, found.to_json())
    return found
