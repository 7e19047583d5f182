"""What of the markup in outputs may be on a page: elements, attributes, styles, addresses."""

from __future__ import annotations

import re


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXT_ELEMENTS = _names("""
    a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup
    dd del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins
    kbd li main mark meter ol p pre progress q rp rt ruby s samp section small span strike strong
    sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr
""")
MEDIA_ELEMENTS = _names("img audio video source")
MATH_ELEMENTS = _names("""
    math annotation semantics maction menclose merror mfenced mfrac mi mmultiscripts mn mo mover
    mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd
    mtext mtr munder munderover none
""")
ELEMENTS = TEXT_ELEMENTS | MEDIA_ELEMENTS | MATH_ELEMENTS
"""Elements that are kept; of all others only the content is."""

DROPPED_WITH_CONTENT = _names("""
    script style template iframe object embed applet noscript noembed noframes select textarea
    button svg title head dialog xmp plaintext listing portal
""")
"""Elements whose content is for machines, or would show without its frame."""

INLINE_ELEMENTS = _names("""
    a abbr b bdi br cite code del dfn em i ins kbd mark q s samp small strong sub sup u var
""")
"""What a value may contain; not a `span`, which ends the value itself."""

_EVERYWHERE = _names("class style title lang dir aria-label aria-hidden hidden")
_SIZE = _names("width height")
_CELL = _names("align valign colspan rowspan scope abbr bgcolor") | _SIZE
_MATH = _names("""
    accent accentunder align columnalign columnlines columnspacing columnspan depth display
    displaystyle encoding fence form frame height largeop linethickness lspace mathbackground
    mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowalign rowlines
    rowspacing rowspan rspace scriptlevel separator stretchy symmetric voffset width xmlns
""")
ATTRIBUTES: dict[str, frozenset[str]] = {
    "*": _EVERYWHERE,
    "a": _names("href"),
    "img": _names("src alt") | _SIZE,
    "audio": _names("src loop muted"),
    "video": _names("src loop muted") | _SIZE,
    "source": _names("src type"),
    "table": _names("border cellpadding cellspacing align bgcolor") | _SIZE,
    "td": _CELL,
    "th": _CELL,
    "tr": _names("align valign bgcolor"),
    "col": _names("span align") | _SIZE,
    "colgroup": _names("span align"),
    "ol": _names("start type reversed"),
    "li": _names("value"),
    "details": _names("open"),
    "del": _names("datetime"),
    "ins": _names("datetime"),
    "time": _names("datetime"),
    "font": _names("color size face"),
    "p": _names("align"),
    "div": _names("align"),
    "meter": _names("value min max low high optimum"),
    "progress": _names("value max"),
    **dict.fromkeys(MATH_ELEMENTS, _MATH),
}
"""The attributes that are kept: no ids and names, handlers, forms, addresses other than these."""

CLASSES = _names("dataframe")
"""Classes that are kept: a page's own style and scripts know others, and would act on them."""

LINK_SCHEMES = _names("http https mailto")

STYLES = _names("""
    align-content align-items align-self background background-color background-image
    background-position background-repeat background-size border border-bottom border-bottom-color
    border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width
    border-collapse border-color border-left border-left-color border-left-style border-left-width
    border-radius border-right border-right-color border-right-style border-right-width
    border-spacing border-style border-top border-top-color border-top-left-radius
    border-top-right-radius border-top-style border-top-width border-width box-sizing caption-side
    clear color column-gap direction display empty-cells flex flex-basis flex-direction flex-flow
    flex-grow flex-shrink flex-wrap float font font-family font-feature-settings font-size
    font-stretch font-style font-variant font-variant-numeric font-weight gap
    grid-template-columns height hyphens justify-content justify-items letter-spacing line-height
    list-style list-style-type margin margin-bottom margin-left margin-right margin-top max-height
    max-width min-height min-width opacity order overflow overflow-wrap overflow-x overflow-y
    padding padding-bottom padding-left padding-right padding-top row-gap tab-size table-layout
    text-align text-decoration text-decoration-color text-decoration-line text-decoration-style
    text-overflow text-transform vertical-align visibility white-space width word-break
    word-spacing word-wrap writing-mode
""")
"""Properties of `style` that are kept: none that leaves the place of its element."""

_NUMBER = r"(?:\d{1,4}(?:\.\d{0,20})?|\.\d{1,20})(?:%|[a-z]{1,4})?(?![\w.%])"
_STYLE_WORD = (
    rf"(?:\#[0-9a-fA-F]{{3,8}}(?!\w)|[+]?{_NUMBER}|-0?\.\d{{1,20}}(?:em|rem|px|pt)(?!\w)"
    r"|(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|(?:linear|radial)-gradient|repeat|minmax)\("
    r"|-?[a-zA-Z][a-zA-Z-]{0,40}(?![\w(-])"
    r"|\"[^\"\\<>()]{0,80}\"|'[^'\\<>()]{0,80}'|![ ]?important|[(),/\s])"
)
STYLE_VALUE = re.compile(rf"(?>{_STYLE_WORD})*+")
"""A value of a style: words, colours, numbers of up to four digits, gradients; no address."""

MATH_LENGTH = re.compile(
    r"(?>[+-]?(?:\d{1,2}(?:\.\d{0,20})?|\.\d{1,20})(?:[a-z]{1,2}|%)?(?!\w)"
    r"|[a-zA-Z]{1,20}(?!\w)|\s)*+"
)
"""A value of an attribute of a formula that moves or sizes something."""

MATH_LENGTHS = _names("""
    columnspacing depth height linethickness lspace mathsize maxsize minsize rowspacing rspace
    voffset width
""")
