"""How properties are tested: the same examples on every machine, however slow it is; HYPOTHESIS_PROFILE=explore draws
new ones.
"""

import os

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
