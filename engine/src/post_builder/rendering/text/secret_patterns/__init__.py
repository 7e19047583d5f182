"""How keys and tokens of well-known services look.

Written after the documentation of the services and the rules of gitleaks (MIT). Each pattern begins
with fixed characters or with a bounded class, and what follows an unbounded run cannot be in it, or
the run has no second beginning within it: so a search takes linear time. What may not stand around
a match is checked by the caller.
"""

from __future__ import annotations

import re

from post_builder.rendering.text.secret_patterns.surrounded import SURROUNDED
from post_builder.rendering.text.secret_patterns.tokens import TOKENS

PATTERNS = {name: re.compile(pattern) for name, pattern in {**TOKENS, **SURROUNDED}.items()}
"""A pattern by the name under which an author allows it."""
