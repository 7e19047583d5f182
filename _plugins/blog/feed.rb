# frozen_string_literal: true

require_relative "code"
require_relative "parts"
require_relative "exercises"
require_relative "prose"
require_relative "tables"

module Blog
  # The whole post for feed readers: no style sheet, no script, away from the site.
  module Feed
    def self.prepare(html, page)
      body = Blog.fragment(html)
      Prose.tidy(body)
      Parts.link(body, page)
      Exercises.fold(body)
      Code.new(body, page).prepare_for_feed
      body.css(".highlight span, .output[class] span[class]").each { |span| span.replace(span.children) }
      %w[data-value loading decoding].each do |name|
        body.css("[#{name}]").each { |node| node.delete(name) }
      end
      absolute(body, page)
      Blog.html(body).strip
    end

    def self.absolute(body, page)
      host = page.site.config["url"].to_s
      here = "#{host}#{page.address(page["url"])}"
      { "img" => "src", "a" => "href" }.each do |tag, name|
        body.css("#{tag}[#{name}]").each do |node|
          node[name] = "#{host}#{node[name]}" if node[name].start_with?("/")
          node[name] = "#{here}#{node[name]}" if node[name].start_with?("#")
        end
      end
    end
  end

  # A feed for each tag, by the same template as the feed of all posts.
  class TagFeeds < Jekyll::Generator
    safe true

    def generate(site)
      site.tags.each do |tag, posts|
        slug = Jekyll::Utils.slugify(tag)
        site.pages << Jekyll::PageWithoutAFile.new(site, site.source, "tags/#{slug}", "feed.xml").tap do |page|
          page.content = "{% include atom.xml posts=page.posts name=page.title %}"
          page.data.merge!("layout" => nil, "sitemap" => false, "title" => tag, "posts" => posts.sort.reverse)
        end
      end
    end
  end
end
