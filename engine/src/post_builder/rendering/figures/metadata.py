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

_WEBP_METADATA = {b"EXIF": 0x08, b"XMP ": 0x04}
"""Parts of a WebP, and the flag in its first part that says that they are there."""

_GIF_SIGNATURES = (b"GIF87a", b"GIF89a")
_GIF_HEADER = 13
_GIF_EXTENSION, _GIF_IMAGE = 0x21, 0x2C
_GIF_CONTROL, _GIF_APPLICATION = 0xF9, 0xFF
_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
"""What says how often a GIF is repeated; other extensions are comments, texts, anything."""

_ORIENTATION = 0x0112
_JPEG_START = 2


def without_metadata(data: bytes) -> bytes:
    """Return an image file without texts, times, places and cameras; its pixels stay as they are.

    Args:
        data: an image that can be decoded; formats that pages do not show stay as they are.
    """
    if data.startswith(_PNG_SIGNATURE):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    return _gif(data) if data.startswith(_GIF_SIGNATURES) else data


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


def _webp(data: bytes) -> bytes:
    kept, position, dropped = [], 12, 0
    while position + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + length % 2
        if flag := _WEBP_METADATA.get(name):
            dropped |= flag
        else:
            kept.append(data[position:end])
        position = end
    if not dropped:
        return data
    if kept[0].startswith(b"VP8X"):
        kept[0] = kept[0][:8] + bytes([kept[0][8] & ~dropped]) + kept[0][9:]
    content = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _gif(data: bytes) -> bytes:
    position = _GIF_HEADER + _palette(data[10])
    kept = [data[:position]]
    while position + 1 < len(data) and data[position] in {_GIF_EXTENSION, _GIF_IMAGE}:
        content = position + 2
        if data[position] == _GIF_IMAGE:
            content = position + 11 + _palette(data[position + 9])
        end = _end_of_blocks(data, content)
        if data[position] == _GIF_IMAGE or _is_shown(data[position + 1 : end]):
            kept.append(data[position:end])
        position = end
    return b"".join([*kept, b";"])


def _palette(flags: int) -> int:
    """Return the length of the colours that follow some flags."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _end_of_blocks(data: bytes, position: int) -> int:
    """Return where blocks end, each of which begins with its length: behind one of no length."""
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position + 1


def _is_shown(extension: bytes) -> bool:
    """Return whether an extension says how long a frame is shown, or how often all are."""
    label, content = extension[0], extension[1:]
    return label == _GIF_CONTROL or (label == _GIF_APPLICATION and content.startswith(_GIF_LOOPS))
