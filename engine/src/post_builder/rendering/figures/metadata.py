"""Taking out of image files what they say about the machine, the camera and the place."""

from __future__ import annotations

import io
import struct

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = frozenset(
    (
        *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"sBIT", b"hIST", b"sPLT", b"pHYs"),
        *(b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI"),
        *(b"acTL", b"fcTL", b"fdAT"),
    )
)
"""Chunks of which pixels, colours, sizes and frames consist; others are texts, times, anything."""

_PNG_FRAME = 12
"""Bytes of a PNG chunk besides its content."""

_JPEG_METADATA = frozenset({0xE1, 0xED, 0xFE})
"""Segments with EXIF and XMP, with IPTC, and with comments."""

_JPEG_SCAN = 0xDA
"""The segment at which the pixels begin."""

_ORIENTATION = 0x0112
_JPEG_START = 2


def without_metadata(data: bytes) -> bytes:
    """Return an image file without texts, times, places and cameras; its pixels stay as they are.

    Args:
        data: an image that can be decoded; formats other than PNG and JPEG stay as they are.
    """
    if data.startswith(_PNG_SIGNATURE):
        return _png(data)
    return _jpeg(data) if data.startswith(b"\xff\xd8") else data


def _png(data: bytes) -> bytes:
    kept = [_PNG_SIGNATURE]
    position = len(_PNG_SIGNATURE)
    while position + _PNG_FRAME <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + _PNG_FRAME + length
        if name in _PNG_PARTS:
            kept.append(data[position:end])
        position = len(data) if name == b"IEND" else end
    return b"".join(kept)


def _jpeg(data: bytes) -> bytes:
    kept = [data[:_JPEG_START]]
    position = _JPEG_START
    found = False
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != _JPEG_SCAN:  # noqa: PLR2004
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if data[position + 1] in _JPEG_METADATA:
            found = True
        else:
            kept.append(data[position:end])
        position = end
    if not found:
        return data
    kept.insert(1, _orientation(data))
    return b"".join([*kept, data[position:]])


def _orientation(data: bytes) -> bytes:
    """Return a segment that says nothing but which side of a photograph is up."""
    from PIL import Image  # noqa: PLC0415  # only photographs need it

    with Image.open(io.BytesIO(data)) as image:
        value = image.getexif().get(_ORIENTATION, 1)
    if value == 1:
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = value
    content = exif.tobytes()
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
