# Reads JSON, {"options": {...}, "texts": [...]}; prints for each text its blocks of code in order:
# language, code, and line. kramdown is the parser that Jekyll uses.
require 'json'
require 'kramdown'
require 'kramdown-parser-gfm'

def language(block)
  given = block.options[:lang] || block.attr['class'].to_s[/language-(\S+)/, 1]
  given || (block.options[:ial] || {})['class'].to_s[/language-(\S+)/, 1]
end

def code_blocks(element)
  own = element.type == :codeblock ? [[language(element), element.value, element.options[:location]]] : []
  own + element.children.flat_map { |child| code_blocks(child) }
end

request = JSON.parse(STDIN.read)
options = { 'input' => 'GFM' }.merge(request['options']).transform_keys(&:to_sym)
found = request['texts'].map { |text| code_blocks(Kramdown::Document.new(text, options).root) }
puts JSON.generate(found, ascii_only: true)
