"""What of a drawing may be published: elements, attributes, styles, addresses.

The elements and attributes are those of [SVG 2](https://www.w3.org/TR/SVG2/) that draw, describe
or animate, but for those that run scripts, hold other documents or load files.
"""

from __future__ import annotations

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

DESCRIPTIONS = frozenset(
    (
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "http://purl.org/dc/elements/1.1/",
        "http://creativecommons.org/ns#",
        "http://web.resource.org/cc/",
        "http://www.inkscape.org/namespaces/inkscape",
        "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
    )
)
"""Namespaces of what Matplotlib and Inkscape say of a drawing; browsers do nothing with it."""

ANIMATIONS = _names("animate animateColor animateMotion animateTransform set")
FILTERS = _names("""
    feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting
    feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR
    feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight
    feSpecularLighting feSpotLight feTile feTurbulence filter
""")
ELEMENTS = (
    ANIMATIONS
    | FILTERS
    | _names("""
    a circle clipPath defs desc ellipse g image line linearGradient marker mask metadata mpath path
    pattern polygon polyline radialGradient rect stop style svg switch symbol text textPath title
    tspan use view
""")
)
"""Elements of SVG that are kept; all others go with their content."""

_TEXTS = _names("class id lang role title version")
"""Attributes that no browser takes for a style or an address."""

_PRESENTATION = _names("""
    alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation
    color-interpolation-filters color-rendering cursor direction display dominant-baseline
    enable-background fill fill-opacity fill-rule filter flood-color flood-opacity font font-family
    font-feature-settings font-kerning font-size font-size-adjust font-stretch font-style
    font-variant font-weight glyph-orientation-horizontal glyph-orientation-vertical
    image-rendering isolation kerning letter-spacing lighting-color line-height marker marker-end
    marker-mid marker-start mask mask-type mix-blend-mode opacity overflow paint-order
    pointer-events shape-rendering stop-color stop-opacity stroke stroke-dasharray
    stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width
    text-anchor text-decoration text-overflow text-rendering transform transform-origin
    unicode-bidi vector-effect visibility white-space word-spacing writing-mode
""")
_GEOMETRY = _names("""
    amplitude azimuth baseFrequency bias clipPathUnits cx cy d diffuseConstant divisor dx dy
    edgeMode elevation exponent filterRes filterUnits fr fx fy gradientTransform gradientUnits
    height in in2 intercept k1 k2 k3 k4 kernelMatrix kernelUnitLength lengthAdjust
    limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits maskUnits method mode
    numOctaves offset operator order orient path pathLength patternContentUnits patternTransform
    patternUnits points pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio
    primitiveUnits r radius refX refY result rotate rx ry scale seed side slope spacing
    specularConstant specularExponent spreadMethod startOffset stdDeviation stitchTiles
    surfaceScale tableValues targetX targetY textLength values viewBox width x x1 x2
    xChannelSelector y y1 y2 yChannelSelector z zoomAndPan
""")
_TIMES = _names("""
    accumulate additive attributeName attributeType begin by calcMode dur end fill from keyPoints
    keySplines keyTimes max min repeatCount repeatDur restart to
""")
_OTHERS = _names("""
    baseProfile href hreflang media rel requiredExtensions requiredFeatures style systemLanguage
    tabindex target type
""")
ATTRIBUTES = _TEXTS | _PRESENTATION | _GEOMETRY | _TIMES | _OTHERS
"""Attributes without a namespace that are kept, and those that begin with `aria-` or `data-`."""

ATTRIBUTES_OF = {
    XLINK: _names("href title type"),
    XML: _names("id lang space"),
}
"""Attributes of other namespaces that are kept."""

ANIMATED = _PRESENTATION | _GEOMETRY
"""Attributes that an animation may change: no address, no style as a whole."""

PLAIN = _TEXTS | _names("d points")
"""Attributes whose value is not looked at."""

LINK = re.compile(r"\s*(?:#|https?://|mailto:|[\w./-]*(?:[?#]|\Z))", re.IGNORECASE)
"""Where a reader may go."""

_PIXELS = r"data:image/(?:png|jpe?g|gif|webp|avif|bmp|x-icon)[;,]"
EMBEDDED = re.compile(rf"\s*(?:#|{_PIXELS}|data:image/svg\+xml[;,])", re.IGNORECASE)
"""What an image shows: browsers run and load nothing for a drawing within one."""

WITHIN = re.compile(r"\s*#")
"""What all other elements refer to: a part of the drawing itself."""

_FUNCTIONS = _names("""
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark calc min max clamp var
    matrix matrix3d translate translate3d translatex translatey translatez scale scale3d scalex
    scaley scalez rotate rotate3d rotatex rotatey rotatez skew skewx skewy perspective
    cubic-bezier steps linear path polygon circle ellipse inset rect
    linear-gradient radial-gradient conic-gradient
    repeating-linear-gradient repeating-radial-gradient repeating-conic-gradient
    blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia
    local format counter counters attr
    not is where has lang dir nth-child nth-last-child nth-of-type nth-last-of-type
""")
"""Functions and selectors of CSS that load nothing."""

_RULES = _names("media supports keyframes -webkit-keyframes font-face layer charset")
"""At-rules of CSS that load nothing."""

_ACTIVE = re.compile(
    rf"\\|@[\w-]*|(?P<url>url\(\s*[\"']?\s*(?:\#|{_PIXELS}|data:(?:font/|application/[\w.-]*font))?)"
    r"|[\w-]*\(",
    re.IGNORECASE,
)
"""What a style does more than name: escapes, at-rules and functions."""


def may_load(style: str) -> bool:
    """Return whether a style may load something from elsewhere, as far as it is understood."""
    if "(" not in style and "@" not in style and "\\" not in style:
        return False
    return not all(map(_is_known, _ACTIVE.finditer(style)))


def _is_known(match: re.Match[str]) -> bool:
    found = match.group().lower()
    if match["url"]:
        return found.rstrip("\"' \t\r\n") != "url("
    if found.endswith("("):
        return found == "(" or found[:-1] in _FUNCTIONS
    return found[1:] in _RULES  # an escape is none
