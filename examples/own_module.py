"""Train a network of your own: any nn.Module from the (standardised) input to features works where a name does."""

from torch import nn

import leadline


class Tiny(nn.Module):
    """Two dense layers over the four lengths of an iris flower."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 8), nn.Tanh())

    def forward(self, x_BF):
        return self.layers(x_BF)


if __name__ == "__main__":
    run = leadline.train("iris", network=Tiny(), epochs=30, seed=0)
    accuracy = run.report.find("accuracy")
    low, high = accuracy.interval
    print(f"accuracy {accuracy.value:.3f}, 95 % interval {low:.3f} to {high:.3f}, n = {accuracy.n}")
