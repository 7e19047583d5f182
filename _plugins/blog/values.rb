# frozen_string_literal: true

require_relative "code"

module Blog
  # Numbers that the page computed: each links to the cell after which it was evaluated.
  module Values
    # Letters in a row that no unit of a number has, such as the s, MiB or pp behind it.
    LONG_WORD = /\p{L}{5}/

    # Whether a value is words, which may wrap, and not a number, which may not.
    def self.words?(text)
      text.match?(/\s/) && (!text.match?(/\d/) || text.match?(LONG_WORD))
    end

    # Blocks of a kernel's language, which the front matter names; all of them where it does not.
    def self.executed(body, page)
      language = page["jupyter"].is_a?(Hash) && page["jupyter"].dig("kernelspec", "language")
      Code.blocks(body).select do |block|
        !block.classes.include?("skip-execution") && (!language || block.classes.include?("language-#{language}"))
      end
    end

    def self.link(body, page)
      return unless page["jupyter"]

      cells = name_cells(body, page)
      cell = nil
      body.css("div.highlighter-rouge, [data-value]").each do |node|
        cell = node["id"] if cells.include?(node)
        next unless node["data-value"]
        next if cell.nil? || Blog.inside?(node, names: %w[a summary]) || node.css("a").any?

        node.add_class("words") if words?(node.text)
        node.inner_html = "<a href=\"##{cell}\">#{node.inner_html}</a>"
      end
    end

    # Every cell has an id to link to; and its seconds, where the build record has a second or more.
    def self.name_cells(body, page)
      times = page.build.dig("run", "cells") || {}
      executed(body, page).each_with_index do |cell, index|
        seconds = times[cell["id"]]
        cell["data-seconds"] = seconds.round(seconds < 10 ? 1 : 0).to_s if seconds && seconds >= 1
        cell["id"] ||= "cell-#{index + 1}"
      end
    end
  end
end
