"""Types of columns, inputs and targets, and the bundled datasets."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

COLUMNS: Mapping[str, Entry] = {
    "number": Entry("leadline.data.columns.number:COLUMN", "numeric feature; missing values allowed"),
    "category": Entry("leadline.data.columns.category:COLUMN", "categorical feature"),
    "boolean": Entry("leadline.data.columns.boolean:COLUMN", "binary feature"),
    "date": Entry("leadline.data.columns.date:COLUMN", "date or timestamp"),
    "calendar": Entry(
        "leadline.data.columns.calendar:COLUMN", "cyclic calendar features of timestamps: time of day, week and year"
    ),
    "labels": Entry("leadline.data.columns.labels:COLUMN", "set of labels: lists, or text such as a;b"),
    "image": Entry("leadline.data.columns.image:COLUMN", "image: a file, encoded bytes or an array of pixels"),
    "text": Entry("leadline.data.columns.text:COLUMN", "free text in any script"),
    "audio": Entry("leadline.data.columns.audio:COLUMN", "audio clip: a file or its bytes"),
}

INPUTS: Mapping[str, Entry] = {
    "table": Entry("leadline.data.input_types.table:INPUT", "tabular input: all scalar columns of a row"),
    "series": Entry(
        "leadline.data.input_types.series:INPUT", "time-series input: a window of scalar columns over time"
    ),
}

TARGETS: Mapping[str, Entry] = {
    "number": Entry("leadline.data.targets.number:TARGET", "continuous target"),
    "category": Entry("leadline.data.targets.category:TARGET", "class label"),
    "boolean": Entry("leadline.data.targets.boolean:TARGET", "binary class label"),
    "labels": Entry("leadline.data.targets.labels:TARGET", "set of labels: lists, or text such as a;b"),
    "count": Entry("leadline.data.targets.count:TARGET", "count: an integer of 0 or more"),
    "probabilities": Entry(
        "leadline.data.targets.probabilities:TARGET",
        "class probabilities (soft labels), or the probability of an event",
    ),
    "tags": Entry("leadline.data.targets.tags:TARGET", "a tag per token"),
    "text": Entry("leadline.data.targets.text:TARGET", "the text itself, token by token"),
    "several": Entry("leadline.data.targets.several:TARGET", "several target columns, each a task"),
    "series": Entry("leadline.data.targets.series:TARGET", "future values of the variables of a time series"),
}

DATASETS: Mapping[str, Entry] = {
    "digits": Entry("leadline.data.sources.bundled:DIGITS", "1,797 handwritten digits, 8×8 pixels, ten classes"),
    "iris": Entry("leadline.data.sources.bundled:IRIS", "150 iris flowers, four measurements, three species"),
    "diabetes": Entry(
        "leadline.data.sources.bundled:DIABETES", "442 patients, ten measurements, disease progression (regression)"
    ),
    "wine": Entry("leadline.data.sources.bundled:WINE", "178 wines, thirteen chemical measurements, three cultivars"),
    "breast-cancer": Entry(
        "leadline.data.sources.bundled:BREAST_CANCER", "569 tumours, thirty measurements, benign or malignant"
    ),
}
