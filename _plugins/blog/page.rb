# frozen_string_literal: true

require "cgi"
require "nokogiri"

module Blog
  # What the modules here need to know of a page: its front matter, its site, and its build record.
  class Page
    attr_reader :site

    # data: anything that answers to [] with the page's front matter, such as a Liquid drop.
    def initialize(site, data)
      @site = site
      @data = data
    end

    def [](key) = @data[key]

    # The build record of the post, or an empty hash.
    def build
      @build ||= Page.build_of(@site, @data["path"])
    end

    # The build record of the post with a path from the site's root, or an empty hash.
    def self.build_of(site, path)
      (site.data["builds"] || {}).each_value.find { |build| build["post"] == path } || {}
    end

    # The address of a path of this site, with the base URL.
    def address(path) = "#{@site.config["baseurl"]}#{path}"

    # The series' other parts, by number.
    def other_parts
      return {} unless @data["series"]

      parts = @site.posts.docs.select { |post| post.data["series"] == @data["series"] }
      parts.to_h { |post| [post.data["part"], post] }.except(@data["part"])
    end
  end

  def self.escape(text) = CGI.escapeHTML(text.to_s)

  # Whether a node is in an element of one of these names or classes; `ancestors(selector)` would search
  # the whole page each time.
  def self.inside?(node, names: [], classes: [])
    node.ancestors.any? do |around|
      around.element? && (names.include?(around.name) || (around.classes & classes).any?)
    end
  end

  # HTML of a part of a page to a tree and back. A browser drops the first line break of a `pre`, and
  # so does the parser: where there is another, one is put back.
  def self.fragment(html) = Nokogiri::HTML5.fragment(html.to_s, max_tree_depth: -1)

  def self.html(tree)
    tree.css("pre").each do |pre|
      first = pre.xpath(".//text()").first
      first.content = "\n#{first.content}" if first&.content&.start_with?("\n")
    end
    tree.to_html
  end
end
