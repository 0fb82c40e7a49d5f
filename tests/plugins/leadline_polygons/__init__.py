"""A plugin for Leadline: polygons as targets, and an item for every other group that can be extended."""
