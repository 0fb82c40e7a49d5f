"""Leadline's networks as scikit-learn estimators."""
