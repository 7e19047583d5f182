# frozen_string_literal: true

require_relative "code"

module Blog
  # A cell of a post and what it printed, to show on another page.
  module Showcase
    LINES = 8

    # The named cell, or else the first short one with printed text.
    def self.cell(html, name)
      body = Blog.fragment(html)
      Prose.tidy(body)
      blocks = Code.blocks(body)
      found = blocks.find { |block| block["id"] == name && printed(block) }
      found ||= blocks.find { |block| short?(block) && printed(block) }
      found && { "id" => found["id"], "code" => excerpt(found), "output" => printed(found).inner_html }
    end

    # The figure with a name, as its post shows it, or nil.
    def self.figure(html, name)
      Blog.fragment(html).css("figure.figure").find { |figure| figure.at_css("img[src*='/#{name}.']") }
    end

    # The code, or the last paragraph of a long one.
    def self.excerpt(block)
      Code.drop_tokens(block)
      code = block.at_css("code")
      code.text.count("\n") > LINES ? code.inner_html.rpartition("\n\n").last : code.inner_html
    end

    def self.printed(block)
      output = block.next_element
      output if output&.classes&.include?("stdout")
    end

    def self.short?(block)
      !block.classes.include?("hide-input") && block.at_css("code").text.count("\n") <= LINES
    end
  end
end
