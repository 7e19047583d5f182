"""What it saves to keep freed memory between training steps, as `_config.yml` has kernels do.

Times steps of the CNN of Part II in fresh processes, in turns with the kernels' environment and
with the same less its MALLOC_ variables, so that a busy machine disturbs both alike. Every trial
is printed; each has a warm-up, which does not count.

Run: make bench
"""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from trials import report

TRIALS = 7
"""Processes of each kind; odd, so that the median is one of them."""
ROOT = Path(__file__).resolve().parent.parent

STEPS = """
import time
import torch
import torch.nn.functional as F
from mnist_post.convolution import CNN

model = CNN().train()
optimizer = torch.optim.Adam(model.parameters(), fused=True)
images, labels = torch.randn(128, 1, 28, 28), torch.randint(10, (128,))
for step in range(110):
    if step == 10:
        begin = time.perf_counter()
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print((time.perf_counter() - begin) / 100)
"""


def seconds(environment: dict[str, str]) -> float:
    """Time a step, as the mean of a hundred, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def main() -> None:
    """Print the trials, the medians and their ratio."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    kept: dict[str, str] = config["post_builder"]["environment"]
    given_back = {name: value for name, value in kept.items() if not name.startswith("MALLOC_")}
    trials = [(seconds(given_back), seconds(kept)) for _ in range(TRIALS)]
    without, with_it = ([pair[kind] for pair in trials] for kind in (0, 1))
    report(("memory given back", without), ("memory kept", with_it))


if __name__ == "__main__":
    main()
