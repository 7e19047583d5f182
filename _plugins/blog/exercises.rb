# frozen_string_literal: true

require_relative "page"

module Blog
  # Under a heading «Exercises», one fold «Solution» per exercise: from its first folded cell to the
  # next exercise. An exercise is a paragraph or a heading that begins with its number in bold.
  module Exercises
    HEADING = "h2, h3, h4"

    def self.fold(body)
      body.css(HEADING).select { |heading| heading.text.match?(/\AExercises?\b/) }.each do |heading|
        section(heading).slice_before { |node| starts?(node) }.drop(1).each { |nodes| wrap(nodes) }
      end
    end

    # What follows a heading, up to the next one of its level or above.
    def self.section(heading)
      nodes = []
      node = heading
      while (node = node.next_sibling)
        break if node.name.match?(/\Ah[1-#{heading.name[1]}]\z/)

        nodes << node
      end
      nodes
    end

    def self.starts?(node)
      bold = node.at_css("> strong") if node.name == "p"
      (bold && bold == node.children.first ? bold : node).text.match?(/\A\d+\./) &&
        (bold || node.name.match?(/\Ah[3-6]\z/))
    end

    def self.wrap(nodes)
      first = nodes.index { |node| node.element? && hidden_cell?(node) }
      return unless first

      last = nodes.rindex { |node| node.element? && made?(node) }
      number = nodes.first.text[/\d+/]
      fold = nodes[first].add_previous_sibling(
        "<details class=\"solution\"><summary>Solution<span class=\"visually-hidden\"> of exercise #{number}</span></summary></details>"
      ).first
      nodes[first..[last, first].max].each { |node| fold.add_child(node) }
      unfold(fold)
    end

    def self.hidden_cell?(node) = node.classes.include?("hide-input")

    MADE = %w[highlighter-rouge output output-fold figure].freeze

    def self.made?(node) = (node.classes & MADE).any? || node.name == "details"

    # Inside the fold nothing is folded again.
    def self.unfold(fold)
      fold.css(".hide-input").each { |cell| cell.remove_class("hide-input") }
      fold.css(".output-fold").each do |inner|
        inner.at_css("summary")&.remove
        inner.replace(inner.children)
      end
    end
  end
end
