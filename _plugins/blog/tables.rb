# frozen_string_literal: true

require_relative "page"

module Blog
  # Tables scroll in their own box; columns of numbers are aligned, and the best number of a column
  # is marked where its heading says which direction is good.
  module Tables
    # 98.37 ± 0.25; 97.89 to 98.60; 0.56 (0.20); -0.13; 12 s
    NUMBER = /\A[-+−±~≈<>]?\s*\d[\d.,\s]*(?:(?:±|to)\s*[-+−]?[\d.,]+|\([-+−]?[\d.,]+\))?\s*(?:%|×|ms|s|h|min|MiB|MB|KB|points?)?\z/
    MISSING = /\A[-–—.]?\z/
    HIGHEST = /accuracy|robustness|\bright\b/i
    LOWEST = /error|loss|wrong|mistakes|negative log-likelihood|\(s\)/i

    def self.prepare(body)
      body.css("table").each do |table|
        next if Blog.inside?(table, classes: %w[highlight])

        align(table)
        table.replace('<div class="table-scroll"></div>').first.add_child(table) unless boxed?(table)
      end
    end

    def self.boxed?(table) = table.parent.element? && table.parent.classes.include?("table-scroll")

    def self.align(table)
      rows = table.css("tr").map(&:element_children)
      return if table.at_css("[colspan], [rowspan]") || rows.empty?

      heads = table.at_css("thead tr") ? rows.shift : nil
      (0...rows.map(&:size).max.to_i).each do |column|
        cells = rows.filter_map { |row| row[column] }
        next unless numeric?(cells.map { |cell| cell.text.strip })

        table.add_class("n#{column + 1}")
        mark_best(cells, heads[column].text) if heads && heads[column]
      end
    end

    def self.numeric?(texts)
      texts = texts.grep_v(MISSING)
      texts.any? && texts.count { |text| text.match?(NUMBER) } * 2 > texts.size
    end

    def self.mark_best(cells, head)
      pick = if head.match?(LOWEST) then :min elsif head.match?(HIGHEST) then :max end
      numbers = cells.to_h { |cell| [cell, number(cell.text)] }.compact
      return if pick.nil? || numbers.size < 3 || numbers.values.uniq.size < 2

      best = numbers.values.public_send(pick)
      numbers.each do |cell, number|
        next unless number == best && cell.text.strip.match?(NUMBER) && cell.name == "td"

        cell.inner_html = "<strong>#{cell.inner_html}</strong>"
      end
    end

    # The first number of a text, with its sign.
    def self.number(text) = text.delete(",").tr("−", "-")[/-?\d+(?:\.\d+)?/]&.to_f
  end
end
