"""Random posts, and random edits of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST = """\
import inspect, logging, random, sys, threading
import matplotlib.pyplot as plt
import numpy as np
x = [1, 2]
random.seed(7); np.random.seed(7)"""

SNIPPETS = """\
x.append({n})
print(x)
---
x = [value * {n} for value in x][-5:]
x
---
random.seed({n})
random.random()
---
print(random.random(), np.random.rand(2))
---
rng = np.random.default_rng({n})
---
print(rng.normal(size=2)) if 'rng' in globals() else None
---
#|data-alt="A line"
plt.plot(np.arange({n}))
plt.show()
---
#|data-alt="Points"
plt.rcParams['lines.linewidth'] = {n} / 2
plt.scatter(x, x);
---
_
---
print(_i, len(In), len(Out))
---
f = open('lines.txt')
f.readline()
---
print(f.readline(), f.tell()) if 'f' in globals() else None
---
print(open('data.txt').read())
---
import warnings
warnings.warn('number {n}')
---
logging.basicConfig(stream=sys.stdout)
logging.warning('logged {n}')
---
handle = display({n}, display_id='shown')
---
if 'handle' in globals(): handle.update({n} + 0.5)
---
print(len(inspect.stack()), sys.getrecursionlimit(), len(sys.modules))
---
def down(n=0):
    try:
        return down(n + 1)
    except RecursionError:
        return n
down()
---
%precision {n}
3.14159265
---
import os
os.environ['SETTING'] = '{n}'
---
import os
print(os.environ.get('SETTING'))
---
!echo from the shell {n}
---
print(threading.active_count(), threading.Thread().name)
---
from decimal import Decimal, getcontext
getcontext().prec = {n}
Decimal(1) / 7
---
class Counter:
    total = {n}
    def __del__(self):
        pass
counter = Counter()
counter.total
---
#|.raises-exception
x[1000 + {n}]
---
1 / (5 - {n})
---
import json, string, collections
print(json.dumps(x), string.digits[:{n}])
---
timer = threading.Timer(0.001, lambda: None)
timer.start(); timer.join()
---
get_ipython().events.register('pre_run_cell', lambda *_: None)
---
from pathlib import Path
Path('made').mkdir(exist_ok=True)
Path('made/{n}.txt').write_text('{n}')
---
from pathlib import Path
[p.name for p in sorted(Path('made').glob('*'))] if 'Path' in globals() else 0
---
def remember(n, known={{}}):
    known[n] = len(known)
    return known
remember({n})
---
remember({n}) if 'remember' in globals() else None
---
generator = (n * {n} for n in range(100))
next(generator)
---
next(generator) if 'generator' in globals() else None
---
import asyncio
await asyncio.sleep(0)
'awaited'
---
#|data-alt="Half"
figure, axes = plt.subplots()
axes.plot([{n}, 1])
plt.close(figure)
figure""".split("\n---\n")
"""Cells that change what others see, and cells that see it; `{n}` is a number from 1 to 9."""


@dataclass(slots=True)
class Draft:
    """A post that is being written."""

    chance: random.Random
    cells: list[str] = field(default_factory=lambda: [FIRST])
    value: str = ""
    before: list[str] = field(default_factory=list)

    def grow(self, count: int) -> None:
        """Add cells at the end."""
        self.cells += [self.snippet() for _ in range(count)]

    def snippet(self) -> str:
        """Return a random cell."""
        return self.chance.choice(SNIPPETS).format(n=self.chance.randint(1, 9))

    def edit(self) -> str:
        """Change something; return what."""
        kinds = "edit edit edit insert delete move data lines value undo nothing".split()
        kind = self.chance.choice(kinds)
        place = self.chance.randrange(1, len(self.cells))
        previous = list(self.cells)
        if kind == "edit":
            self.cells[place] = self.snippet()
        elif kind == "insert":
            self.cells.insert(place, self.snippet())
        elif kind == "delete" and len(self.cells) > 2:
            del self.cells[place]
        elif kind == "move":
            self.cells.insert(self.chance.randrange(1, len(self.cells)), self.cells.pop(place))
        elif kind == "undo" and self.before:
            self.cells = self.before
        elif kind == "value":
            expression = self.chance.choice(["len(x)", "sum(x):.1f", ""])
            self.value = f'\n<span data-value="{expression}"></span>\n' if expression else ""
        self.before = previous
        return f"{kind} at {place}"
