"""Building blocks that models, objectives and training share."""
