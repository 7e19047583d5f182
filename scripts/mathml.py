"""TeX to MathML for the site's plugin: a line of JSON in, a line of JSON out, until the end.

In: `[TeX, true for a formula on a line of its own]`. Out: MathML, or null where TeX has an error.
"""

import json
import sys

from latex2mathml.converter import convert


def main() -> None:
    """Translate line by line, so that one process serves all formulas of a build."""
    for line in sys.stdin:
        tex, block = json.loads(line)
        try:
            mathml = convert(tex, display="block" if block else "inline")
        except Exception as error:  # noqa: BLE001  # its errors share no base; each is reported
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            mathml = None
        print(json.dumps(mathml), flush=True)


if __name__ == "__main__":
    main()
