# frozen_string_literal: true

require "set"
require_relative "page"

module Blog
  # Blocks of code: the line that names a source, folds with names, fewer tokens.
  class Code
    # Tokens of Rouge that have no colour here, and are a third of a page's weight: names, points,
    # operators, numbers.
    PLAIN = %w[p n o nn nb bp si sa ow w mi mf mh mo mb il].freeze
    # What is said elsewhere on the page, or means something to the build only.
    REPEATED = %w[data-alt data-caption data-source data-timeout data-format data-products].freeze
    # Lines from which a fold is for pasting and not for reading: it has no colours.
    LONG = 20
    # The tokens that have one colour, and the name that all of them get.
    KINDS = {
      /\A(?:kc|nd|se)\z/ => "m", /\A(?:nf|nc|fm|nt)\z/ => "f", /\A(?:gd|gr|err)\z/ => "gr",
      /\As/ => "s", /\Ak/ => "k", /\Ac/ => "c"
    }.freeze
    # The kinds that come hundreds of times on a page have elements of their own, shorter by a tenth of
    # its weight: keywords, strings, comments, and names that are defined.
    ELEMENTS = { "k" => "b", "s" => "i", "c" => "em", "f" => "dfn" }.freeze

    def self.blocks(body)
      body.css("div.highlighter-rouge").select { |block| block?(block) }
    end

    # A block of code, and not an output, which has the same structure in some themes.
    def self.block?(node)
      node.classes.include?("highlighter-rouge") && text_of(node) &&
        !node.classes.include?("output") && !Blog.inside?(node, classes: %w[output])
    end

    # The element that holds the code of a block.
    def self.text_of(block) = block.at_css(".highlight > pre > code, .highlight > .numbered > pre > code")

    def initialize(body, page)
      @body = body
      @page = page
      @linked = Set.new
    end

    # For a page of the site.
    def prepare
      @body.css(".highlight table.rouge-table").each { |table| number(table) }
      Code.blocks(@body).each { |block| prepare_block(block) }
      drop_ids_of_headings
    end

    # For a feed, which has no style sheet: plain `pre`, with folds.
    def prepare_for_feed
      Code.blocks(@body).each do |block|
        fold(block)
        code = Code.text_of(block)
        block.inner_html = "<pre><code>#{Blog.escape(code.text)}</code></pre>"
        REPEATED.each { |name| block.delete(name) }
      end
    end

    # What a block of code is called: its functions and classes, or where it comes from, or its name.
    def self.title(block)
      defined = definitions(block)
      return defined if defined

      source = block["data-source"].to_s[/[:#](.+)/, 1]
      name = source || block["id"]&.then { |id| id unless id.match?(/\Acell-\d+\z/) }
      return "<var>#{Blog.escape(name)}</var>" if name

      caption = block["data-caption"].to_s[/\A[^.:;]+/]
      caption && Blog.escape(caption)
    end

    # The names of the functions and classes of a block, or nil.
    def self.definitions(block)
      names = text_of(block).text.scan(/^(?:async def|def|class) (\w+)/).flatten
      listed(names) if names.any?
    end

    def self.listed(names)
      shown = names.size > 3 ? names.first(2) : names
      text = shown.map { |name| "<var>#{name}</var>" }.join(", ")
      names.size > shown.size ? "#{text} and #{names.size - shown.size} more" : text
    end

    def self.drop_tokens(block)
      block.css("code span").each do |token|
        plain = (token.classes - PLAIN).empty? || ["", "print"].include?(token.content.strip)
        token.replace(token.children) if plain
      end
      block.css("code span").each { |token| token["class"] = kind(token["class"]) }
      block.css("code span").each { |token| join(token) }
      block.css("code span").each { |token| shorten(token) }
    end

    def self.kind(name) = KINDS.find { |pattern, _| name.match?(pattern) }&.last || name

    # Neighbours of one kind are one element, also where blanks separate them, and an f-string is
    # one with what it puts in.
    def self.join(token)
      texts = []
      while (following = (texts.last || token).next_sibling)&.text?
        texts << following
      end
      return unless following&.name == "span" && following["class"] == token["class"]
      return unless texts.empty? || texts.map(&:content).join.match?(between(token["class"]))

      [*token.children, *texts].reverse_each { |node| following.prepend_child(node) }
      token.remove
    end

    def self.between(kind) = kind == "s" ? /\A(?:\s+|\{[^{}\n]+\})\z/ : /\A\s+\z/

    def self.shorten(token)
      return unless (token.name = ELEMENTS.fetch(token["class"], "span")) != "span"

      token.delete("class")
    end

    private

    # Rouge's `linenos` and kramdown's `line_numbers`: a table inside of `pre` is not HTML; numbers and
    # code side by side are.
    def number(table)
      numbers = table.at_css(".lineno").text
      code = table.at_css("pre:not(.lineno)").inner_html
      box = table.ancestors.find { |node| node.element? && node.name != "pre" && node.classes.include?("highlight") }
      box.inner_html = <<~HTML.chomp
        <div class="numbered"><pre class="gutter" aria-hidden="true">#{numbers}</pre><pre class="highlight"><code>#{code}</code></pre></div>
      HTML
      Code.drop_tokens(box)
    end

    def prepare_block(block)
      code = Code.text_of(block)
      folded = fold(block)
      folded ? block.remove_class("hide-input") : name(block)
      folded && lines(code) >= LONG ? code.content = code.text : Code.drop_tokens(block)
      block.prepend_child(source_line(block["data-source"])) if block["data-source"]
      block.css("pre.highlight").each { |pre| pre.delete("class") }
      REPEATED.each { |name| block.delete(name) }
    end

    def fold(block)
      return unless block.classes.include?("hide-input")

      title = Code.title(block)
      number = lines(Code.text_of(block))
      count = "#{number} line#{"s" unless number == 1}"
      summary = "Code#{": #{title}" if title} <span>#{count}</span>"
      details = block.replace("<details class=\"cell-fold\"><summary>#{summary}</summary></details>").first
      details.add_child(block)
    end

    # What site.js calls the fold that a reader asks for, where that is not the block's id. A solution
    # is folded as it is.
    def name(block)
      return if Blog.inside?(block, classes: %w[solution])

      defined = Code.definitions(block)&.gsub(/<.*?>/, "")
      block["data-title"] = defined if defined && defined.tr("_", "-") != block["id"]
    end

    def lines(code) = code.text.count("\n")

    def source_line(source)
      text = source.include?("/") ? from_post(*source.split("#", 2)) : from_module(source)
      "<p class=\"cell-source\">#{text}</p>"
    end

    def from_post(path, cell)
      post = @page.site.posts.docs.find { |other| other.relative_path == path }
      return "As printed in <code>#{Blog.escape(path)}</code>" unless post

      title = Blog.escape(post.data["title"])
      "As printed in <a href=\"#{@page.address(post.url)}##{cell}\">#{title}</a> · <code>#{Blog.escape(cell)}</code>"
    end

    # The commit that was built, if `repository` says where that is; each file is linked once, for
    # addresses are long, and a page has dozens of cells of a few files. A long path breaks before
    # the name of the file.
    def from_module(source)
      name, symbol = source.split(/[:#]/, 2)
      path = "src/#{name.tr(".", "/")}.py"
      file = "<code>#{path.sub(%r{\Asrc/.+/.+/}, '\0<wbr>')}</code>"
      repository = @page.site.config["repository"].to_s
      unless repository.empty? || !@linked.add?(path)
        commit = CGI.escape((@page.build.dig("run", "commit") || "main")[0, 7])
        file = "<a href=\"https://github.com/#{repository}/blob/#{commit}/#{path}\">#{file}</a>"
      end
      "From #{file} · <code>#{Blog.escape(symbol)}</code>"
    end

    # A cell that has the name of a heading leaves its id to the heading, whose links lead there.
    def drop_ids_of_headings
      headings = @body.css("h2[id], h3[id], h4[id], h5[id], h6[id]").map { |heading| heading["id"] }
      Code.blocks(@body).each { |block| block.delete("id") if headings.include?(block["id"]) }
    end
  end
end
