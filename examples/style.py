"""Draw one picture in the style of another, by what the convolutions of a network trained here see in both (Gatys,
Ecker & Bethge 2016, Image style transfer using convolutional neural networks).

``python examples/style.py`` trains a network to tell textures apart and lends their look to a house;
``python examples/style.py content.png style.png --network runs/x-1 -o out.png`` takes pictures and a run of your own.
B pictures, C channels, H height, W width.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

import leadline
from leadline.data.columns.image import ImagePreprocessor
from leadline.nn.batch import Signal

SIDE = 32
SMOOTH = 1e-2  # weight of the differences between neighbouring pixels, which no layer may see
OUTSIDE = 100.0  # weight of pixels beyond black and white: clamped at once, they would mislead the search
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid)


class FeatureMaps:
    """The maps of a backbone at the last activation of each size that they have, from pictures of any size.

    Dense layers behind them, which take one size alone, are never reached. Ends the program for a network without maps.
    """

    class _Reached(Exception):
        """The last of the layers that are looked at has been reached."""

    def __init__(self, backbone: nn.Module, shape: tuple[int, ...]) -> None:
        self.backbone = backbone.eval().requires_grad_(False)
        seen: dict[tuple[int, ...], nn.Module] = {}

        def note(module: nn.Module, inputs: object, x: Tensor) -> None:
            if isinstance(x, Tensor) and x.ndim == 4 and min(x.shape[2:]) > 1:
                seen[tuple(x.shape[2:])] = module

        layers = list(self.backbone.modules())
        active = [m for m in layers if isinstance(m, ACTIVATIONS)] or [m for m in layers if isinstance(m, nn.Conv2d)]
        hooks = [module.register_forward_hook(note) for module in active]
        with torch.no_grad():
            self.backbone(Signal(torch.zeros(1, *shape)))
        for hook in hooks:
            hook.remove()
        self.layers = list(dict.fromkeys(seen.values()))
        if not self.layers:
            sys.exit("The network has no convolutions. Take a run of cnn, vgg or resnet.")

    def __call__(self, x_BCHW: Tensor) -> list[Tensor]:
        """Return the maps (B,C,H,W) of each layer, from the first to the last."""
        found: list[Tensor] = []

        def keep(module: nn.Module, inputs: object, x: Tensor) -> None:
            found.append(x)
            if len(found) == len(self.layers):
                raise self._Reached

        hooks = [module.register_forward_hook(keep) for module in self.layers]
        try:
            self.backbone(Signal(x_BCHW))
        except self._Reached:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        return found


def gram(x_BCHW: Tensor) -> Tensor:
    """Return how often each two channels answer in the same place (B,C,C), whatever the place."""
    x_BCP = x_BCHW.flatten(2)
    return x_BCP @ x_BCP.transpose(1, 2) / x_BCP.shape[2]


def transferred(
    maps: FeatureMaps,
    preprocess: Callable[[Tensor], Tensor],
    content: Tensor,
    look: Tensor,
    steps: int = 200,
    weight: float = 10.0,
) -> Tensor:
    """Return a picture (1,C,H,W), 0 to 255, with the things of one and the look of another.

    The last maps are to be those of `content`, and the Gram matrices of all layers those of `look`, whose size may
    differ. Both are compared in units of themselves, so that `weight` means the same for any network.
    """
    with torch.no_grad():
        things = maps(preprocess(content))[-1]
        looks = [gram(x) for x in maps(preprocess(look))]
    x = content.contiguous().div(255).requires_grad_()
    search = torch.optim.LBFGS([x], lr=1.0, max_iter=1, history_size=20, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        search.zero_grad()
        own = maps(preprocess(x * 255))
        apart = [_distance(gram(seen), asked) for seen, asked in zip(own, looks, strict=True)]
        uneven = (x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean()) / x.detach().var().clamp_min(1e-4)
        total = _distance(own[-1], things) + weight * torch.stack(apart).mean() + SMOOTH * uneven
        total = total + OUTSIDE * (x - x.clamp(0, 1)).square().mean()
        total.backward()
        return total

    for _ in range(steps):
        search.step(cost)
    return x.detach().clamp(0, 1).mul(255)


def style(content: np.ndarray, look: np.ndarray, run: leadline.Run, **options: float) -> np.ndarray:
    """Return a picture (H,W,C) uint8 with the things of one and the look of another (H,W,3), by a run's network.

    C is 1 where the network saw grey pictures; `options` are those of `transferred`.
    """
    one = next((i for i in run.schema.inputs if i.kind == "image"), None)
    if one is None:
        sys.exit(f"{run.folder} has no images among its inputs.")
    encoder = run.network.encoders[run.network.names.index(one.name)]
    state = one.fields[0].state
    # The mean image is of one size; the mean colours serve for all.
    preprocessor = ImagePreprocessor({key: value for key, value in state.items() if key != "mean_image"})
    maps = FeatureMaps(encoder.backbone, (state["channels"], *one.shape[:2]))
    first, second = (_tensor(picture, state["channels"]) for picture in (content, look))
    made = transferred(maps, lambda x: preprocessor(x).values, first, second, **options)
    return made[0].permute(1, 2, 0).round().to(torch.uint8).numpy()


def _distance(x: Tensor, asked: Tensor) -> Tensor:
    return F.mse_loss(x, asked) / asked.square().mean().clamp_min(1e-12)


def _tensor(x_HWC: np.ndarray, channels: int) -> Tensor:
    plain = x_HWC if channels == 3 else np.asarray(Image.fromarray(x_HWC).convert("L"))[..., None]
    return torch.from_numpy(plain.copy()).permute(2, 0, 1)[None].float()


def read(file: Path, size: int = 256) -> np.ndarray:
    """Return a picture (H,W,3) uint8, at most `size` pixels a side."""
    with Image.open(file) as picture:
        plain = picture.convert("RGB")
        plain.thumbnail((size, size))
        return np.asarray(plain)


def texture(kind: str, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return stripes, checks, dots or waves (H,W,3) of two colours, at any angle."""
    y, x = np.mgrid[:side, :side].astype(float)
    turn, pitch, start = rng.uniform(0, np.pi), rng.uniform(0.4, 1.0), rng.uniform(0, 2 * np.pi)
    u, v = pitch * (np.cos(turn) * x + np.sin(turn) * y) + start, pitch * (np.cos(turn) * y - np.sin(turn) * x)
    drawn = {"stripes": np.sin(u), "checks": np.sign(np.sin(u) * np.sin(v)), "dots": np.cos(u) + np.cos(v)}
    level = drawn[kind] if kind in drawn else np.sin(u + 2 * np.sin(v))
    share = ((level - level.min()) / np.ptp(level))[..., None]
    one, other = rng.uniform(0, 255, (2, 3))
    return np.clip(one * share + other * (1 - share) + rng.normal(0, 8, (side, side, 3)), 0, 255).astype(np.uint8)


def house(height: int = 64, width: int = 96) -> np.ndarray:
    """Return a house under the sun (H,W,3)."""
    y, x = np.mgrid[:height, :width]
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[...] = (150, 190, 230)
    picture[y > 0.6 * height] = (90, 140, 70)
    picture[(x - 0.75 * width) ** 2 + (y - 0.25 * height) ** 2 < (0.15 * height) ** 2] = (250, 220, 80)
    picture[(abs(x - 0.3 * width) < 0.16 * width) & (y > 0.35 * height) & (y < 0.75 * height)] = (160, 80, 60)
    picture[(y > 0.15 * height) & (y <= 0.35 * height) & (abs(x - 0.3 * width) < 1.6 * (y - 0.15 * height))] = (
        100,
        40,
        40,
    )
    return picture


def textures_and_house() -> None:
    """Train a network to tell textures apart, and lend the look of waves to a house."""
    rng = np.random.default_rng(0)
    kinds = ["stripes", "checks", "dots", "waves"]
    labels = np.array([kinds[i % 4] for i in range(320)])
    textures = np.stack([texture(kind, SIDE, rng) for kind in labels])
    run = leadline.train(
        {"x": textures, "y": labels},
        network="cnn",
        epochs=6,
        settings={"network.size": "small", "baselines": []},
        quiet=True,
    )

    content, look = house(), texture("waves", 96, rng)
    made = style(content, look, run, steps=40)
    Image.fromarray(made).save("house.png")
    Image.fromarray(look).save("look.png")

    # The mean colour moves from the house's towards the look's, and the house is still there.
    before, after = (float(np.abs(picture.mean((0, 1)) - look.mean((0, 1))).mean()) for picture in (content, made))
    print(f"mean colour: {before:.0f} away from the look's before, {after:.0f} after")
    assert after < before
    edges = [np.abs(np.diff(picture.mean(2), axis=0)).ravel() for picture in (content, made)]
    assert np.corrcoef(*edges)[0, 1] > 0.2


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description="Draw one picture in the style of another.")
    parser.add_argument("content", nargs="?", type=Path, help="the picture whose things are kept")
    parser.add_argument("style", nargs="?", type=Path, help="the picture whose look they get")
    parser.add_argument("--network", type=Path, metavar="RUN", help="a run with a convolutional network of images")
    parser.add_argument("-o", "--out", type=Path, default=Path("out.png"), help="the file that is written")
    parser.add_argument("--steps", type=int, default=200, help="how often the picture is changed")
    parser.add_argument("--weight", type=float, default=10.0, help="what the look counts against the things")
    given = parser.parse_args()
    if given.content is None:
        textures_and_house()
        return
    if given.style is None or given.network is None:
        parser.error("give two pictures and --network RUN, or nothing at all")
    run = leadline.Run(given.network)
    made = style(read(given.content), read(given.style), run, steps=given.steps, weight=given.weight)
    Image.fromarray(made.squeeze()).save(given.out)


if __name__ == "__main__":
    main()
