"""More attacks: those that leave their place, or wait for what reads a page after the engine.

Formulas, sizes and directions that move what is around them; attributes and texts that begin what
Jekyll, kramdown or the engine's own parser would read; and what is cleaned twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xss_vectors import HOST, RUN, URL

ATTACK = f"<img src=x onerror={RUN}>"


def _formulas() -> Iterator[str]:
    for inner in (
        "<mpadded voffset='30em'><mtext mathbackground='red'>cover</mtext></mpadded>",
        "<mpadded voffset='-30em'><mtext mathbackground='red'>cover</mtext></mpadded>",
        "<mpadded lspace='-30em'><mtext mathbackground='red'>cover</mtext></mpadded>",
        "<mpadded depth='-20em'><mtext mathsize='20em'>cover</mtext></mpadded>",
        "<mpadded height='0' depth='0'><mtext mathsize='30em'>cover</mtext></mpadded>",
        "<mtext mathsize='99em'>cover</mtext>",
        "<mspace depth='-30em'/><mtext>cover</mtext>",
        "<mspace width='-30em'/><mtext mathsize='9em' mathbackground='red'>cover</mtext>",
        "<mo lspace='-30em' rspace='-30em' mathsize='20em'>+</mo>",
        "<mo stretchy='true' minsize='99em' maxsize='99em' symmetric='true'>|</mo>",
        "<mfrac linethickness='50em'><mi>x</mi><mi>y</mi></mfrac>",
        "<msup><mi>x</mi>" * 40 + "<mi mathbackground='red'>y</mi>" + "</msup>" * 40,
        "<mover><mi>x</mi>" * 40 + "<mo stretchy='true'>^</mo>" + "</mover>" * 40,
        "<mphantom><mtext mathsize='50em' mathbackground='red'>cover</mtext></mphantom>",
        "<mtable columnspacing='99em' rowspacing='99em'><mtr><mtd>x</mtd></mtr></mtable>",
        "<mstyle scriptlevel='-30'><mtext mathbackground='red'>cover</mtext></mstyle>",
        f"<maction actiontype='statusline#{URL}'><mi>x</mi><mtext>{URL}</mtext></maction>",
        f"<mglyph src='{URL}' alt='x'/>",
        f"<semantics><mi>x</mi><annotation encoding='text/html'>{ATTACK}</annotation></semantics>",
        f"<semantics><annotation-xml encoding='text/html'>{ATTACK}</annotation-xml></semantics>",
        f"<mtext><b title='</math>{ATTACK}'>x</b></mtext>",
        f"<mi><table><tr><td></mi></math>{ATTACK}</td></tr></table></mi>",
        f"<mtext><p>x<mglyph><svg><mtext><style><b title='</style>{ATTACK}'></mtext>",
        f"<ms lquote='{ATTACK}' rquote='<!--'>x</ms>",
        f"<mfenced open='<script>' close='</script>' separators='{RUN}'><mi>x</mi></mfenced>",
        f"<menclose notation='url({URL})'><mi>x</mi></menclose>",
        f"<mi mathcolor='red;background:url({URL})' mathbackground='url({URL})'>x</mi>",
        f"<mi style='--x:1;background:url({URL});position:fixed'>x</mi>",
        f"<mi xlink:href='{URL}' xlink:show='embed' xlink:actuate='onLoad'>x</mi>",
    ):
        yield f"<math>{inner}</math>"
        yield f"<math display='block'>{inner}</math>"


def _sizes() -> Iterator[str]:
    yield from (
        "<big>" * 40 + "cover" + "</big>" * 40,
        "<sup>" * 90 + "<big><big>cover</big></big>" + "</sup>" * 90,
        "<sub>" * 90 + "<big><big>cover</big></big>" + "</sub>" * 90,
        "<big>" * 25 + "<sup>" * 9 + "cover" + "</sup>" * 9 + "</big>" * 25,
        "<font size=7>" * 30 + "<sup><sup>cover</sup></sup>" + "</font>" * 30,
        "<h1><big>" * 15 + "cover" + "</big></h1>" * 15,
        "<h1><div>" * 12 + "cover" + "</div></h1>" * 12,
        "<ruby>x<rt>" + "<big>" * 20 + "cover" + "</big>" * 20 + "</rt></ruby>",
        "<blockquote>" * 90 + "cover" + "</blockquote>" * 90,
        "<dl><dd>" * 90 + "cover" + "</dd></dl>" * 90,
        "<table border=9999 cellspacing=9999 cellpadding=9999><tr><td>cover</table>",
        "<table align=left><tr><td>cover<br>cover<br>cover</table>",
        "<img align=left src=x alt=cover hspace=-999 vspace=-999>",
        "<hr width=9999 size=9999 color=red align=left>",
        "<meter value=1 style='width: 9999px; height: 9999px'></meter>",
        "<progress style='height: 999px; float: right; margin: -.9em'></progress>",
        "<video src='/x.mp4' width=9999 height=9999></video>",
        "<td rowspan=9999 colspan=9999>cover</td>",
        "<ol start=999999999 reversed><li value=-999999999>cover</ol>",
        "<p>" + "Z" + "\u0300\u0330" * 400 + "</p>",
        "<p>" + "\ufdfd\U0001242b" * 90 + "</p>",
        "<p dir=rtl>\u202ecover\u2066" + "\u202e" * 200 + "</p>",
        "<bdo dir=rtl>cover</bdo>\u202e\u2067",
        "x\u200b\u2060\ufeff\u00ad\u034f" * 300,
        "<pre style='white-space: nowrap'>" + "W" * 30_000 + "</pre>",
        "<details open><summary style='float: left; height: 900px'>cover</summary></details>",
    )


def _styles_by_name() -> Iterator[str]:
    for style in (
        "margin-top: -.99rem",
        "margin: -.9em -.9em -.9em -.9em; padding: 9999px",
        "float: right; width: 9999px; height: 9999px; clear: both",
        "width: 9999vmax; height: 9999vmax; background: red",
        "font: 9999px/0 serif; background: red",
        "line-height: .01; font-size: 900px",
        "writing-mode: vertical-rl; width: 0; overflow: visible",
        "display: contents; overflow: visible !important",
        "display: inline; overflow: visible; padding: 999px; background: red",
        "display: table-column; background: red; width: 999px",
        "text-indent: 9999px; letter-spacing: 9999px; word-spacing: 9999px",
        "visibility: visible; opacity: 0; height: 99vh; float: left",
        "direction: rtl; text-align: right; white-space: pre",
        "vertical-align: 999px; font-size: 99px; line-height: 0",
        "border: 9999px solid red; box-sizing: content-box",
        "min-height: 9999vh; max-width: none",
        "grid-template-columns: repeat(9999, 9999px); display: grid",
        "order: 9999; flex: 9999 0 9999px; gap: 9999px",
        "background: linear-gradient(red, blue); height: 100vh",
        "list-style: none; display: list-item; float: left",
        "position: fixed; inset: 0; top: 0; left: 0; z-index: 9999",
        "p\\6fsition: fixed; \\70osition: fixed; top/**/: 0",
        "clip-path: inset(-999px); clip: rect(0,0,0,0)",
        "contain: none; content-visibility: visible; isolation: auto; inset-area: top",
        "anchor-name: --x; position-anchor: --x; top: anchor(top)",
        "view-transition-name: x; offset-path: path('M0 0H999'); rotate: 45deg",
        "float: left; shape-outside: circle(999px); margin-inline: -999px",
        "all: initial; appearance: none; cursor: none; pointer-events: none",
        f"background: src('{URL}'), image('{URL}'), cross-fade(url({URL}), red)",
        f"content: url({URL}) / 'x'; quotes: '{URL}'",
        f"offset: url({URL}); shape-outside: url({URL}); mask-border: url({URL}) 1",
    ):
        yield f'<div style="{style}">cover</div>'
        yield f"<table><tr><td style=\"{style}\"><span style='{style}'>cover</span></table>"
    yield f"<style>@layer x {{ @scope (p) {{ * {{ background: url({URL}) }} }} }}</style><p>x</p>"
    yield f"<style>@container (width > 0) {{ p {{ content: url({URL}) }} }}</style><p>x</p>"
    yield "<style>@property --x { syntax: '*'; inherits: true; initial-value: x }</style><p>x</p>"
    yield "<style>main { display: none } :root { --x: fixed } p { position: var(--x) }</style><p>x"
    yield "<style>p { & { position: fixed } inset: 0 }</style><p>cover</p>"
    yield "<style></style ><style>p{position:fixed;inset:0}</style\n><p>cover</p>"


def _readers() -> Iterator[str]:
    """Yield what Jekyll, kramdown or the engine may read where a browser sees an attribute."""
    for text in (
        "\n<!-- /output -->\n\n" + ATTACK + "\n",
        "\n<!-- output -->\n" + ATTACK + "\n<!-- /output -->\n",
        "\n```python\nimport os\n```\n",
        "\n</div>\n\n" + ATTACK + "\n\n<div>",
        "-->" + ATTACK + "<!--",
        "]]>" + ATTACK,
        "?>" + ATTACK,
        "</script>" + ATTACK,
        "</pre></code>" + ATTACK,
        "{::nomarkdown}" + ATTACK + "{:/}",
        "{::options parse_block_html='true' html_to_native='true' /}",
        "{::comment}\n\n" + ATTACK,
        "{:toc}{:.x}{: onclick='" + RUN + "'}",
        "{% raw %}{% endraw %}{{ site.title }}{%- assign x = 1 -%}",
        "&#123;&#123; site.title &#125;&#125;&lbrace;&lcub;&rcub;",
        "[^1]\n\n[^1]: " + ATTACK,
        "*[cover]: " + ATTACK,
        "[x]: javascript:" + RUN + "\n\n[x]",
        "\n| a | b |\n|---|---|\n| " + ATTACK + " | x |\n",
        "\nterm\n: " + ATTACK + "\n",
        "\n\n    " + ATTACK + "\n",
        "\n---\nlayout: x\n---\n",
        "\n===\n\n~~~\n" + ATTACK,
        "$$" + ATTACK + "$$ \\(" + ATTACK + "\\) \\[x\\]",
        "&lt;script&gt;" + RUN + "&lt;/script&gt;",
        "&amp;lt;script&amp;gt;" + RUN + "&amp;lt;/script&amp;gt;",
        "\u2028" + ATTACK + "\u2029\x85\x0b\x0c",
        "\ufdd0/x\ufdd1\ufdd0" + "0\ufdd1",
        "\\" + ATTACK + "\\\\",
        "`" + ATTACK + "`" * 7,
    ):
        quoted = text.replace('"', "&quot;")
        yield f'<b title="{quoted}">x</b>'
        yield f'<img src="/x" alt="{quoted}">'
        yield f'<a href="/x?{quoted}#{quoted}">x</a>'
        escaped = text.replace("<", "&lt;")
        yield f"<p>{escaped}</p>"
        yield f"<pre>\n{escaped}</pre>"
        yield f"<table><tr><td>\n{escaped}\n</td></tr></table>"
        yield f"<!-- {text} --><span data-value='x' class='markdown own'>{escaped}</span>"


def _twice() -> Iterator[str]:
    """Yield what changes when it is cleaned, converted or written a second time."""
    for latex in (
        f"\\text{{&lt;img src=x onerror={RUN}&gt;}}",
        f"x &lt;img src=x onerror={RUN}&gt; y",
        f"&amp;lt;img src=x onerror={RUN}&amp;gt;",
        f"\\href{{javascript:{RUN}}}{{x}}",
        "\\mathrm{&quot; onclick=&quot;xss(1)}",
    ):
        yield f"<p>${latex}$</p>"
        yield f"<table><tr><td>$${latex}$$</td></tr></table>"
        yield f"<a href='/x' title='${latex}$'>$x$</a>"
        yield f"<math><mtext>${latex}$</mtext></math>"
        yield f"<code>${latex}$</code></code>${latex}$"
    yield from (
        f"<p>$x</p><p>{ATTACK}$</p>",
        f"$<b title='$&lt;img src=x onerror={RUN}&gt;$'>$</b>",
        f"<svg><title>&lt;/title&gt;</title><text>&lt;img src=x onerror={RUN}&gt;</text></svg>",
        f"<svg viewBox='0 0 9 9'><text>\"&gt;{ATTACK}</text></svg>",
        f"<svg><path d='M0 0'/><desc>--&gt;&lt;script&gt;{RUN}&lt;/script&gt;</desc></svg>",
        f"<svg id=\"a'b\"><path id='\"onload={RUN}'/><use href='#\"onload={RUN}'/></svg>",
        f"<svg><text>x</text></svg\n{ATTACK}>{ATTACK}",
        f"<img src='data:image/svg+xml,<svg onload={RUN}>' alt='x'>",
        f"<img src='data:image/png;base64,AAAA\" onerror=\"{RUN}' alt='x'>",
        f"<img src='data:image/png,\" onerror=\"{RUN}' alt=x>",
        f"<a href='data:stash,0'>x</a><img src='data:stash,0'><img src='data:stash,{RUN}'>",
        f"<audio src='data:audio/wav;base64,AAAA' onerror={RUN} autoplay></audio>",
        f"<audio src='data:audio/wav;base64,PHNjcmlwdD4='><source src='{URL}'>{ATTACK}</audio>",
        f"<video src='data:video/mp4;base64,AAAA' poster='{URL}'><track src='{URL}'></video>",
        '<script>frames[0] = "data:image/png;base64,AAAA"\nnew Animation(frames, x, y, 9,</script>',
        f'<script>Plotly.newPlot(\'x\', [{{"type":"scattergeo"}}], {{}})</script>{ATTACK}',
        f"<a href='https:/\\{HOST}/x'>x</a><img src='https:{HOST}/x'><img src='\\\\{HOST}/x'>",
        f"<img src='/\t/{HOST}/x'><img src='.//{HOST}/x'><img src='/x/..//{HOST}/x'>",
        f"<img src='/%2f{HOST}/x'><img src='/.//{HOST}/x'><img src='///{HOST}/x'>",
        f"<img src='http:/{HOST}/x'><img src='HTTPS://{HOST}/x'><img src='ftp://{HOST}/x'>",
        f"<img src='filesystem:{URL}'><img src='blob:{URL}'><img src='view-source:{URL}'>",
        "<a href='//'>x</a><a href='http://[::1'>x</a><a href='http://a b'>x</a>",
        "<a href='/\u202egnp.exe' title='\u202e'>x</a>",
    )


def _injected() -> Iterator[str]:
    """Yield what imitates the engine's own markup."""
    figure = "<figure class='output chart' data-chart='plotly' data-src='{}' data-library='{}'>"
    yield figure.format(URL, URL) + "<div role=img></div></figure>"
    yield figure.format("/x.json", f"data:,{RUN}") + "<div role=img></div></figure>"
    yield f"<div class='output page'><iframe src='{URL}'></iframe></div>"
    yield f"<div class='output page'><iframe srcdoc='{ATTACK}'></iframe></div>"
    yield "<p class='output stored own own-button'>Stored output</p>"
    yield "<details class='output-fold'><summary>Output</summary>"
    yield "</details></div><!-- /output -->"
    yield "<div markdown='1' class='output html'>**x**</div>"
    yield "<div markdown=0 class='language-python highlighter-rouge'><code>x</code></div>"
    yield "<span class='markdown' data-value='__import__(\"os\")'>x</span>"
    yield "<nav class='toc masthead sidebar' role=navigation aria-hidden=true>x</nav>"
    yield "<main id=main><article class=page role=main itemprop=text>x</article></main>"
    yield "<header id=own class=own>top</header><footer class=own-footer>bottom</footer>"
    yield f'{{% include figure image_path="{URL}" alt="x" caption=\'{ATTACK}\' %}}'
    yield "<a class='anchor-link headerlink no-underline' href='#own'>x</a>"


MORE: Mapping[str, tuple[str, ...]] = {
    "formulas out of place": tuple(_formulas()),
    "sizes": tuple(_sizes()),
    "styles out of place": tuple(_styles_by_name()),
    "what others read": tuple(_readers()),
    "cleaned twice": tuple(_twice()),
    "imitations": tuple(_injected()),
}
"""Attacks in HTML by family."""

LATEX = (
    r"\raisebox{30em}{x}\smash{\rule{9em}{99em}}",
    r"\rule[-30em]{30em}{60em}",
    r"\hspace{-30em}\colorbox{red}{cover}",
    r"\kern-30em\mathllap{cover}\mathrlap{cover}",
    r"\vphantom{\rule{0em}{99em}}\hphantom{\rule{99em}{0em}}",
    r"\Huge\Huge\Huge x^{y^{z^{w}}}\overbrace{\underbrace{x}}",
    r"\left<script\right>\middle/x",
    r"\begin{matrix}<&\script\\>&x\end{matrix}",
    r"\unicode{x3c}script\unicode{x3e}\char60 script\char62",
    r"\def\x{<script>}\x\newcommand{\y}{</math>}\y",
    r"\bbox[position:fixed;inset:0]{x}\data{a=b}\htmlClass{own}{x}\htmlId{own}{x}",
    rf"\includegraphics{{{URL}}}\htmlStyle{{position:fixed}}{{x}}",
    rf"\require{{action}}\toggle{{x}}{{{ATTACK}}}\endtoggle\texttip{{x}}{{{ATTACK}}}",
    rf"\text{{&amp;lt;script&amp;gt;{RUN}&amp;lt;/script&amp;gt;}}",
)

MARKDOWN = (
    f"*[cover]: {ATTACK}\n\ncover",
    f"x[^1]\n\n[^1]: {ATTACK}",
    f"term\n: {ATTACK}",
    f"<div>\n\n{ATTACK}\n\n<!-- /output -->\n\n{ATTACK}",
    f"~~~\n</code></pre>{ATTACK}\n",
    f"````\n```\n{ATTACK}\n",
    f"- x\n\n      {ATTACK}\n\n- </li></ul>{ATTACK}",
    f"# x {{#own .own onclick={RUN}}}\n\n## own\n\n## querySelector",
    f"[x](//{HOST}/x) ![x](//{HOST}/x) ![x](/\\{HOST}/x)",
    f"[x][y]\n\n[y]: <javascript:{RUN}> '{ATTACK}'",
    f"![{ATTACK}](/x '{ATTACK}')",
    f"| x |\n|---|\n| {{% raw %}}{ATTACK} |\n{{: .own}}",
    "$$\n\\begin{matrix}\n" + ATTACK + "\n\\end{matrix}\n$$",
    f"\\begin{{align}}\n{ATTACK}\n\\end{{align}}",
    f"a<br/{ATTACK}>\n<?php {ATTACK} ?>\n<!X {ATTACK}>\n<![CDATA[{ATTACK}]]>",
    "<span data-value='x'>1</span> {{ x }} {% y %}",
    f"<https://x\u202e.example/{ATTACK}>",
    "\u202eabc\n\n\u2066def",
)

TEXTS = (
    "\u202eabc \u2066def",
    "\n\n```python\nimport os\n```\n\n<!-- output -->\n",
    f"<!-- output -->\n{ATTACK}\n<!-- /output -->",
    f"<span data-value='x'>{ATTACK}</span>",
    "Z" + "\u0300\u0330" * 300,
    f"\x1b[31m</span>{ATTACK}\x1b[0m\x1b[8m\x1b[5m\x1b[38;2;1;2;3mx",
    f"\x1bP{ATTACK}\x1b\\\x1b_x\x1b\\\x1b^x\x07\x1b]1337;File=:{ATTACK}\x07",
    f"\r\r\b\b\b</pre>{ATTACK}\b\b\r",
    "{: .own #own onclick='xss(1)'}\n{:toc}\n{::options parse_block_html='true' /}",
    "*[value]: x\n[^1]: x\n[x]: y",
    "(c) :: => --- ... << >> '' \"\" :smile: @own #1 1. + - = ~ ^ | $x$ $$x$$",
    "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e",
)


def count() -> int:
    """Return how many vectors there are."""
    return sum(map(len, (*MORE.values(), LATEX, MARKDOWN, TEXTS)))
