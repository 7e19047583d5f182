"""How much faster a training step is when freed memory is kept, as `_config.yml` sets for kernels.

Times steps of the CNN of Part II in fresh processes, alternating between the kernels' environment
and that environment without its MALLOC_ variables, so that a busy machine slows both equally.
Every trial is printed; its warm-up steps do not count.

Run: make bench
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import yaml

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
    """Return the mean time of a hundred steps, in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def main() -> None:
    """Print the trials and their medians."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    kept: dict[str, str] = config["post_builder"]["environment"]
    given_back = {name: value for name, value in kept.items() if not name.startswith("MALLOC_")}
    environments = {"memory given back": given_back, "memory kept": kept}
    trials = [{name: seconds(env) for name, env in environments.items()} for _ in range(TRIALS)]
    for name in environments:
        times = [1000 * trial[name] for trial in trials]
        print(f"{name:17}", *(f"{time:.1f}" for time in times), "ms,", end=" ")
        print(f"median {statistics.median(times):.1f} ms")


if __name__ == "__main__":
    main()
