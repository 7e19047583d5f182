# Reads JSON, {"options": {...}, "texts": [...]}; prints for each text its formulas in order.
require 'json'
require 'kramdown'
require 'kramdown-parser-gfm'

def formulas(element)
  own = element.type == :math ? [element.value] : []
  own + element.children.flat_map { |child| formulas(child) }
end

request = JSON.parse(STDIN.read)
options = { 'input' => 'GFM' }.merge(request['options']).transform_keys(&:to_sym)
found = request['texts'].map { |text| formulas(Kramdown::Document.new(text, options).root) }
puts JSON.generate(found, ascii_only: true)
