"""Every name a user may write, in literal tables: a file for each part of an experiment. Nothing here is imported."""
