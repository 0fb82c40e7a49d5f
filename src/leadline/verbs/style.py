"""Draw one picture in the style of another, by what a run's network sees in both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.schema import InputSchema
from leadline.data.columns.contract import input_type
from leadline.data.columns.decoding import images
from leadline.data.columns.image import ImagePreprocessor
from leadline.errors import DataError, RunError, UsageError
from leadline.nn.generative.style import Eye, transferred
from leadline.nn.network import InputEncoder
from leadline.pipeline.output_files import check_name, writing
from leadline.pipeline.progress import progress
from leadline.run.run import Run

SUFFIXES = (".png",)
LEAST = 16  # pixels of the shorter side
Picture = str | Path | np.ndarray


def style(
    content: Picture,
    style: Picture,
    network: Run | str | Path,
    *,
    steps: int = 200,
    weight: float = 10.0,
    size: int = 256,
    quiet: bool = False,
) -> np.ndarray:
    """Return a picture (H,W,3) or (H,W) uint8 with the things of `content` and the look of `style` (Gatys et al. 2016).

    Both are files, or pixels (H,W), (H,W,1) or (H,W,3) uint8, of any size; they are brought to at most `size` pixels a
    side. What is seen in them is what the convolutions of a run's network give: their last maps are the things, how
    often two of their channels answer in one place the look, which counts `weight`. A network of grey pictures changes
    the brightness alone. The same pictures give the same result. Raises RunError, UsageError for a network without such
    maps, DataError for what is no picture.
    """
    run = network if isinstance(network, Run) else Run(network)
    if steps < 1 or weight < 0 or size < LEAST:
        raise UsageError(say("verbs.style-steps-1-more", least=LEAST))
    one, body = _seeing(run)
    state = one.fields[0].state
    # The mean image is of one size; the mean colours serve for all.
    front = ImagePreprocessor({key: value for key, value in state.items() if key != "mean_image"})
    try:
        eye = Eye(body.backbone, body.spec.shape if body.spec is not None else (one.shape[2], *one.shape[:2]))
    except ValueError as error:
        raise UsageError(say("verbs.pictures-style-takes-convolutional", folder=run.folder, error=error)) from None
    least = max(LEAST, min(one.shape[:2]))
    first, second = (_read(given, size, least) for given in (content, style))
    channels = state["channels"]
    with progress(quiet) as shown:
        done = transferred(
            eye,
            lambda x: front(x).values,
            _tensor(first, channels),
            _tensor(second, channels),
            steps=steps,
            weight=weight,
            progress=lambda at, total: shown.stage("drawing", at, total),
        )
    pixels = done[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()
    return pixels if channels == 3 else _coloured(pixels[..., 0], first)


def write(pixels: np.ndarray, out: Path) -> None:
    """Write a picture as PNG; raises UsageError where that cannot be."""
    check_name(out, SUFFIXES)
    with writing(out):
        Image.fromarray(pixels).save(out)


def _seeing(run: Run) -> tuple[InputSchema, InputEncoder]:
    """Return the first input of pictures and its body; raises RunError where there is none."""
    names: tuple[str, ...] = getattr(run.network, "names", ())
    for one in run.schema.inputs:
        if input_type(one.kind).pixels is not None and one.name in names:
            body = run.network.bodies[names.index(one.name)]  # type: ignore[index]
            assert isinstance(body, InputEncoder)
            return one, body
    raise RunError(
        say(
            "verbs.no-network-pictures-inputs",
            folder=run.folder,
            inputs=", ".join(one.name for one in run.schema.inputs),
        )
    )


def _read(given: Picture, size: int, least: int) -> np.ndarray:
    """Return a picture (H,W,3) uint8 in its own proportions, at most `size` pixels a side and at least `least`."""
    if isinstance(given, np.ndarray):
        if (
            given.dtype != np.uint8
            or given.ndim not in (2, 3)
            or (given.ndim == 3 and given.shape[2] not in (1, 3))
            or not given.size
        ):
            raise DataError(say("verbs.style-pixels-uint8-h", given_dtype=given.dtype, given_shape=given.shape))
        plain = np.repeat(
            given[..., None] if given.ndim == 2 else given, 3 if given.ndim == 2 or given.shape[2] == 1 else 1, axis=2
        )
        height, width = plain.shape[:2]
    else:
        file = Path(given)
        if not file.is_file():
            raise DataError(say("verbs.style-no-file", file=file))
        try:
            found = images.header(file)
            height, width = found.height, found.width
            plain = images.read(file, images.Shape(height, width, 3, "stretch"))
        except DataError as error:
            raise DataError(say("verbs.style", file=file, error=error)) from None
    scale = min(1.0, size / max(height, width))
    scale = max(scale, least / min(height, width))
    sides = (max(least, round(height * scale)), max(least, round(width * scale)))
    if max(sides) > 4 * max(size, least):
        raise DataError(say("verbs.style-picture-pixels-too", width=width, height=height))
    pixels: np.ndarray = images.convert(plain[None], images.Shape(*sides, 3, "stretch"))[0]
    return pixels


def _tensor(x_HWC: np.ndarray, channels: int) -> Tensor:
    plain = x_HWC if channels == 3 else np.asarray(Image.fromarray(x_HWC).convert("L"))[..., None]
    return torch.from_numpy(plain.copy()).permute(2, 0, 1)[None].float()


def _coloured(grey_HW: np.ndarray, content_HWC: np.ndarray) -> np.ndarray:
    """Return a grey picture in the colours of another, where that has any."""
    if (content_HWC == content_HWC[..., :1]).all():
        return grey_HW
    _, blue, red = Image.fromarray(content_HWC).convert("YCbCr").split()
    merged: np.ndarray = np.asarray(Image.merge("YCbCr", (Image.fromarray(grey_HW), blue, red)).convert("RGB"))
    return merged
