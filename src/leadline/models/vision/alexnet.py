"""AlexNet (Krizhevsky et al. 2012), for pictures."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.models.contract import Family
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.activations import initialise_weights
from leadline.nn.layers.convolutions import Stem, convolution, dense_layers, is_large, mean_if_larger, pool_if_fits

_MOST = 6  # rows and columns of the map before the dense layers, as in the paper


class Options(Fact):
    """`width` filters in the first convolution, and 8/3, 4, 4 and 8/3 times as many after it; `dense` units in each
    dense layer.

    The paper's are 96 and 4096. `stem` is how an image enters: ``large`` is the paper's 11×11 convolution with a stride
    of 4, ``small`` a 5×5 one without; ``auto`` is large for images of more than 64 pixels a side. `dropout` follows
    each dense layer.
    """

    width: int = Field(
        default=48, ge=3, multiple_of=3, description="channels of the first convolution; later ones scale with it"
    )
    dense: int = Field(default=1024, ge=1, description="width of the two dense layers")
    dropout: float = Field(default=0.5, ge=0, lt=1, description="dropout rate after each dense layer")
    stem: Stem = Field(default="auto", description="first layers: for small images, for large ones, or by image size")


class AlexNet(nn.Module):
    """Images (B,C,H,W) to (B,dense): five convolutions with overlapping pools after the first, second and fifth, two
    dense layers.

    The paper's third dense layer is the head. All channels are connected: the paper's two groups were its two GPUs. Its
    local response norm is left out, as Simonyan & Zisserman (2015) found it to take time and gain nothing. Pools that
    would leave less than 3×3 are left out, and a map of more than 6×6, which the paper's images end in, is averaged
    down to that.
    """

    def __init__(self, spec: SignalSpec, options: Options) -> None:
        super().__init__()
        channels, *sides = spec.shape
        height, width = sides
        large = is_large(options.stem, (height, width))
        second, middle = options.width * 8 // 3, options.width * 4
        modules: list[nn.Module] = []
        at = (height, width)
        # a margin of 2, which makes 55 of 224 pixels as in the paper; more where the image is narrower than the window
        if large:
            margin = (max(2, (11 - height + 1) // 2), max(2, (11 - width + 1) // 2))
            first = nn.Conv2d(channels, options.width, 11, 4, margin)
            initialise_weights(first, "relu")
            at = ((height + 2 * margin[0] - 11) // 4 + 1, (width + 2 * margin[1] - 11) // 4 + 1)
        else:
            first = convolution(channels, options.width, 5, bias=True)
        plan = [(first, True)]
        for kernel, inside, outside, pooled in (
            (5, options.width, second, True),
            (3, second, middle, False),
            (3, middle, middle, False),
            (3, middle, second, True),
        ):
            plan.append((convolution(inside, outside, kernel, bias=True), pooled))
        for conv, pooled in plan:
            pool, at = pool_if_fits(nn.MaxPool2d, at, 3) if pooled else ([], at)
            modules += [conv, *pool, nn.ReLU()]  # the largest before ReLU is the same as after it, on fewer numbers
        mean, at = mean_if_larger(at, _MOST)
        self.maps = nn.Sequential(*modules, *mean)
        self.dense = nn.Sequential(*dense_layers(second * at[0] * at[1], (options.dense,) * 2, options.dropout))

    def forward(self, signal: Signal) -> Signal:
        x_BCHW: Tensor = self.maps(signal.values)
        return Signal(self.dense(x_BCHW.flatten(1)))


FAMILY = Family(
    name="alexnet",
    accepts=("image",),
    options=Options,
    gives=AlexNet,
    sizes={
        "small": {"width": 24, "dense": 256},
        "base": {"width": 48, "dense": 1024},
        "large": {"width": 96, "dense": 2048},
    },
    reference="Krizhevsky, Sutskever & Hinton 2012, ImageNet classification with deep convolutional neural networks",
)
