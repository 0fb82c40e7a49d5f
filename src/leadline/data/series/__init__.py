"""Tables in time order: rows put in order, split by time, and seen through windows."""

from leadline.data.series.prepare import Prepared, prepare

__all__ = ["Prepared", "prepare"]
