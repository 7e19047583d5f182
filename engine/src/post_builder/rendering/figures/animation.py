"""Animations that matplotlib writes as a script: their frames become one moving image."""

from __future__ import annotations

import base64
import io
import re

from post_builder.errors import RenderError
from post_builder.rendering.figures.images import Image

_FRAME = re.compile(
    r"\bframes\[\d{1,6}\] = \"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s\\]+)\""
)
_INTERVAL = re.compile(r"\bnew Animation\(frames, \w{1,80}, \w{1,80}, ([\d.]{1,12}),")


def animation_in_script(script: str) -> Image | None:
    """Turn the frames of `to_jshtml` into a moving WebP image, without loss.

    Raises:
        RenderError: if a frame cannot be decoded.
    """
    frames = [base64.b64decode(re.sub(r"[\s\\]", "", frame)) for frame in _FRAME.findall(script)]
    interval = _INTERVAL.search(script)
    if not frames or interval is None:
        return None
    from PIL import Image as Pillow  # noqa: PLC0415  # only animations need it

    try:
        images = [Pillow.open(io.BytesIO(frame)).convert("RGBA") for frame in frames]
    except OSError as error:
        raise RenderError(f"a frame of an animation cannot be decoded: {error}") from error
    stream = io.BytesIO()
    duration = max(10, round(float(interval[1])))
    images[0].save(
        stream,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=duration,
        loop=0,
        lossless=True,
    )
    return Image("webp", stream.getvalue(), *images[0].size)
