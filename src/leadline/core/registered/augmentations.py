"""Random changes of inputs in training, by the type of input and the name, and mixtures of examples."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

AUGMENTATIONS: Mapping[str, Entry] = {
    "image/rotate": Entry(
        "leadline.data.augmentations.affine:ROTATE",
        "random rotation",
        example="train photos/ --set 'data.inputs.image.augment=[{rotate: 15}]'",
    ),
    "image/zoom": Entry(
        "leadline.data.augmentations.affine:ZOOM",
        "random zoom in or out",
        example="train photos/ --set 'data.inputs.image.augment=[{zoom: 0.2}]'",
    ),
    "image/shear": Entry(
        "leadline.data.augmentations.affine:SHEAR",
        "random shear",
        example="train photos/ --set 'data.inputs.image.augment=[{shear: 10}]'",
    ),
    "image/shift": Entry(
        "leadline.data.augmentations.affine:SHIFT",
        "random translation",
        example="train photos/ --set 'data.inputs.image.augment=[{shift: 0.1}]'",
    ),
    "image/flip": Entry(
        "leadline.data.augmentations.affine:FLIP",
        "random horizontal flip",
        example="train photos/ --set 'data.inputs.image.augment=[{flip: 0.5}]'",
    ),
    "image/vertical_flip": Entry(
        "leadline.data.augmentations.affine:VERTICAL_FLIP",
        "random vertical flip",
        example="train photos/ --set 'data.inputs.image.augment=[{vertical_flip: 0.5}]'",
    ),
    "image/resized_crop": Entry(
        "leadline.data.augmentations.affine:PART",
        "random resized crop",
        example="train photos/ --set 'data.inputs.image.augment=[{resized_crop: 0.5}]'",
    ),
    "image/crop": Entry(
        "leadline.data.augmentations.affine:CROP",
        "random crop with padding",
        example="train photos/ --set 'data.inputs.image.augment=[{crop: 4}]'",
    ),
    "image/brightness": Entry(
        "leadline.data.augmentations.colour:BRIGHTNESS",
        "random brightness",
        example="train photos/ --set 'data.inputs.image.augment=[{brightness: 0.2}]'",
    ),
    "image/contrast": Entry(
        "leadline.data.augmentations.colour:CONTRAST",
        "random contrast",
        example="train photos/ --set 'data.inputs.image.augment=[{contrast: 0.2}]'",
    ),
    "image/color_jitter": Entry(
        "leadline.data.augmentations.colour:COLOUR",
        "random saturation and hue (colour jitter)",
        example="train photos/ --set 'data.inputs.image.augment=[{color_jitter: {saturation: 0.3, hue: 0.02}}]'",
    ),
    "image/grayscale": Entry(
        "leadline.data.augmentations.colour:GREY",
        "random grayscale",
        example="train photos/ --set 'data.inputs.image.augment=[{grayscale: 0.1}]'",
    ),
    "image/noise": Entry(
        "leadline.data.augmentations.image:NOISE",
        "additive Gaussian noise",
        example="train photos/ --set 'data.inputs.image.augment=[{noise: 0.05}]'",
    ),
    "image/cutout": Entry(
        "leadline.data.augmentations.image:CUTOUT",
        "Cutout: erases a random box (DeVries & Taylor 2017)",
        example="train photos/ --set 'data.inputs.image.augment=[{cutout: 0.25}]'",
    ),
    "table/noise": Entry(
        "leadline.data.augmentations.table:NOISE",
        "additive Gaussian noise on numeric features",
        example="train iris --set 'data.inputs.table.augment=[{noise: 0.1}]'",
    ),
    "table/missing": Entry(
        "leadline.data.augmentations.table:MISSING",
        "random feature dropout: values set to missing",
        example="train iris --set 'data.inputs.table.augment=[{missing: 0.1}]'",
    ),
    "series/noise": Entry(
        "leadline.data.augmentations.series:NOISE",
        "additive Gaussian noise (jitter)",
        example="train series.csv --horizon 24 --set 'data.inputs.series.augment=[{noise: 0.1}]'",
    ),
    "series/scale": Entry(
        "leadline.data.augmentations.series:SCALE",
        "random scaling around the last observed value",
        example="train series.csv --horizon 24 --set 'data.inputs.series.augment=[{scale: 0.2}]'",
    ),
    "series/missing_span": Entry(
        "leadline.data.augmentations.series:MISSING_SPAN",
        "random masking of a span of the context",
        example="train series.csv --horizon 24 --set 'data.inputs.series.augment=[{missing_span: 0.2}]'",
    ),
    "text/word_dropout": Entry(
        "leadline.data.augmentations.text:WORD_DROPOUT",
        "word dropout",
        example="train reviews.csv --set 'data.inputs.text.augment=[{word_dropout: 0.1}]'",
    ),
    "text/mask": Entry(
        "leadline.data.augmentations.text:MASK",
        "masking of a random span of tokens",
        example="train reviews.csv --set 'data.inputs.text.augment=[{mask: 0.2}]'",
    ),
    "text/swap": Entry(
        "leadline.data.augmentations.text:SWAP",
        "random swaps of adjacent tokens",
        example="train reviews.csv --set 'data.inputs.text.augment=[{swap: 0.1}]'",
    ),
    "audio/shift": Entry(
        "leadline.data.augmentations.audio:SHIFT",
        "random time shift",
        example="train clips/ --set 'data.inputs.audio.augment=[{shift: 0.1}]'",
    ),
    "audio/speed": Entry(
        "leadline.data.augmentations.audio:SPEED",
        "speed perturbation (Ko et al. 2015)",
        example="train clips/ --set 'data.inputs.audio.augment=[{speed: 0.1}]'",
    ),
    "audio/gain": Entry(
        "leadline.data.augmentations.audio:GAIN",
        "random gain",
        example="train clips/ --set 'data.inputs.audio.augment=[{gain: 6}]'",
    ),
    "audio/noise": Entry(
        "leadline.data.augmentations.audio:NOISE",
        "additive white noise",
        example="train clips/ --set 'data.inputs.audio.augment=[{noise: 15}]'",
    ),
    "audio/time_mask": Entry(
        "leadline.data.augmentations.audio:TIME_MASK",
        "time masking (SpecAugment)",
        example="train clips/ --set 'data.inputs.audio.augment=[{time_mask: 0.1}]'",
    ),
    "audio/frequency_mask": Entry(
        "leadline.data.augmentations.audio:FREQUENCY_MASK",
        "frequency masking (SpecAugment)",
        example="train clips/ --set 'data.inputs.audio.augment=[{frequency_mask: 0.15}]'",
    ),
}

MIXTURES: Mapping[str, Entry] = {
    "mixup": Entry(
        "leadline.data.augmentations.mixing:MIXUP",
        "convex combinations of pairs of examples (Zhang et al. 2018)",
    ),
    "cutmix": Entry(
        "leadline.data.augmentations.mixing:CUTMIX",
        "replaces a box with that of another example (Yun et al. 2019)",
    ),
}
