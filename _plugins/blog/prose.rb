# frozen_string_literal: true

require_relative "page"

module Blog
  # What kramdown leaves in a page and a reader needs not, and tracebacks that wrap.
  module Prose
    def self.tidy(body)
      body.xpath(".//comment()").each do |comment|
        next unless comment.content.match?(%r{\A\s*/?output\s*\z})

        # in a list kramdown puts a comment into a paragraph, between a cell and its output
        paragraph = comment.parent
        before = comment.previous_sibling
        before.content = before.content.sub(/\n[ \t]*\z/, "") if before&.text?
        comment.remove
        paragraph.remove if paragraph.name == "p" && paragraph.content.strip.empty?
      end
      body.css("div.output.highlighter-rouge").each { |block| flatten(block) }
      body.css('[role="doc-noteref"], [role="doc-endnote"]').each { |note| note.delete("role") }
      body.css("code.language-plaintext.highlighter-rouge").each { |code| code.delete("class") }
    end

    # kramdown puts an empty line between blocks, which nobody sees and a long page pays for.
    def self.join_blocks(body)
      body.traverse do |node|
        next unless node.text? && node.content.match?(/\A\s*\n\s*\n\s*\z/)

        node.content = "\n" unless Blog.inside?(node, names: %w[pre])
      end
    end

    # A text output has the structure of Rouge, which other themes style; here a `pre` is enough.
    def self.flatten(block)
      pre = block.at_css("pre")
      pre["class"] = (block.classes - ["highlighter-rouge"]).join(" ")
      block.replace(pre)
    end

    # The last line of a traceback is its message: it wraps, while the lines above it scroll.
    def self.messages(body)
      body.css(".output.error").each do |error|
        pre = error.name == "pre" ? error : error.at_css("pre")
        nodes = pre ? last_line(pre.at_css("code") || pre) : []
        next if nodes.empty?

        message = nodes.first.add_previous_sibling('<span class="message"></span>').first
        nodes.each { |node| message.add_child(node) }
      end
    end

    # The nodes after the last line break but one at the end; a text node is split there.
    def self.last_line(pre)
      nodes = []
      pre.children.reverse_each do |node|
        head, line_break, tail = node.text? ? node.content.rpartition("\n") : ["", "", nil]
        unless line_break.empty?
          return nodes if head.empty? && nodes.empty?

          node.content = head + line_break
          return tail.empty? ? nodes : [node.add_next_sibling(Nokogiri::XML::Text.new(tail, pre.document)), *nodes]
        end
        nodes.unshift(node)
      end
      []
    end
  end
end
