"""Simple features for classical models: columns as they are; of pictures, pixels and edges; of texts, which words.

Shapes in names: B rows, C channels, H height, W width, O orientations, G cells a side, L tokens, V tokens of a
vocabulary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.nn.batch import Signal, SignalSpec, Texts

KINDS = ("table", "image")
ORIENTATIONS = 9
CELLS = 7  # a side, at most
BAG = 1_000  # tokens that are looked for in texts, the most frequent ones
SIDE = 14  # pixels a side that are kept, at most, of one channel; fewer of several


def features(spec: SignalSpec, *, tokens: bool = False) -> nn.Module:
    """Return the module from an input's Signal to a table of features, nothing in it learned.

    With `tokens` texts stay what they are, token numbers; else they become the words that they hold.
    """
    if spec.kind == "image":
        return PictureFeatures(spec.shape)
    return AsItIs(spec.texts) if tokens or not spec.texts else BagOfTokens(spec.texts[0])


class AsItIs(nn.Module):
    """A table, unchanged; `texts` says which of its columns are tokens."""

    def __init__(self, texts: tuple[Texts, ...] = ()) -> None:
        super().__init__()
        self.texts = texts

    def forward(self, signal: Signal) -> Signal:
        return Signal(signal.values)


class BagOfTokens(nn.Module):
    """Token numbers (B,L) to 0 and 1 (B,V): which of the most frequent tokens a text has, in whatever order."""

    def __init__(self, texts: Texts) -> None:
        super().__init__()
        self._unknown = texts.unknown
        self._columns = min(texts.vocabulary, BAG + texts.unknown + 1)

    def forward(self, signal: Signal) -> Signal:
        token_BL = signal.values.long()
        known_BL = torch.where(token_BL < self._columns, token_BL, self._unknown)
        there_BV = torch.zeros(len(token_BL), self._columns, device=token_BL.device).scatter_(1, known_BL, 1.0)
        return Signal(there_BV[:, self._unknown + 1 :])


class PictureFeatures(nn.Module):
    """Pictures (B,C,H,W) to (B,F): averaged pixels, and histograms of oriented gradients of their mean over channels.

    Gradients are central differences, without sign, shared between the two nearest of nine orientations; a cell's
    histogram is divided by the length of that of its neighbourhood of three by three (after Dalal & Triggs 2005, whose
    blocks overlap instead).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        channels, height, width = shape
        side = SIDE if channels == 1 else SIDE // 2 + 1
        self.pixels = min(height, side), min(width, side)
        self.cells = min(max(height // 2, 1), CELLS), min(max(width // 2, 1), CELLS)

    def forward(self, signal: Signal) -> Signal:
        x_BCHW = signal.values.contiguous()
        small = F.adaptive_avg_pool2d(x_BCHW, self.pixels).flatten(1)
        return Signal(torch.cat([small, self._edges(x_BCHW.mean(1, keepdim=True)).flatten(1)], 1))

    def _edges(self, x_B1HW: Tensor) -> Tensor:
        padded = F.pad(x_B1HW, (1, 1, 1, 1), mode="replicate")
        dx_B1HW = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
        dy_B1HW = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
        size_B1HW = torch.sqrt(dx_B1HW.square() + dy_B1HW.square())
        place_B1HW = torch.remainder(torch.atan2(dy_B1HW, dx_B1HW), math.pi) * (ORIENTATIONS / math.pi)
        bins_O11 = torch.arange(ORIENTATIONS, device=x_B1HW.device, dtype=x_B1HW.dtype)[:, None, None]
        away_BOHW = torch.remainder(
            place_B1HW - bins_O11 + 1, ORIENTATIONS
        )  # 1 where a gradient points just along a bin
        share_BOHW = (1 - (away_BOHW - 1).abs()).clamp(min=0)
        cells_BOGG = F.adaptive_avg_pool2d(share_BOHW * size_B1HW, self.cells)
        around_B1GG = F.avg_pool2d(cells_BOGG.square().sum(1, keepdim=True), 3, 1, 1, count_include_pad=False)
        return cells_BOGG / torch.sqrt(around_B1GG + 1e-2)
