# frozen_string_literal: true

require_relative "page"

module Blog
  # What the search looks through: a post section by section, prose and code without outputs. Folded
  # code is apart, because it is found last.
  module Search
    DROPPED = ".output, .output-fold, figure, script, style"

    # [[id, heading, text, folded code], …]; the first section, above all headings, has no id.
    def self.sections(html)
      body = Blog.fragment(html)
      body.css(DROPPED).remove
      sections = [["", "", [], []]]
      body.children.each do |node|
        next sections << [node["id"].to_s, text(node), [], []] if node.name.match?(/\Ah[23]\z/)

        node.css(".hide-input").each { |cell| sections.last[3] << text(cell.remove) }
        folded = node.element? && node.classes.include?("hide-input")
        sections.last[folded ? 3 : 2] << text(node)
      end
      sections.map { |id, heading, *texts| [id, heading, *texts.map { |parts| parts.reject(&:empty?).join(" ") }] }
    end

    def self.text(node) = node.comment? ? "" : node.text.split.join(" ")
  end
end
