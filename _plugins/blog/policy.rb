# frozen_string_literal: true

require "digest"

module Blog
  # The Content-Security-Policy of pages: a second wall behind what the engine lets through. Only
  # the scripts of this site run, whatever the text of a post contains.
  module Policy
    INLINE = %r{<script>(.*?)</script>}m
    HOSTS = {
      "giscus" => ["https://giscus.app"], "utterances" => ["https://utteranc.es"],
      "disqus" => ["https://*.disqus.com", "https://*.disquscdn.com"]
    }.freeze

    module_function

    # The policy for a <meta>, in which frame-ancestors and reports have no meaning.
    def of(site)
      provider = site.config.dig("comments", "provider")
      hosts = HOSTS.fetch(provider, [])
      images = Array(site.config.dig("post_builder", "image_hosts")).map { |host| "https://#{host}" }
      {
        "default-src" => ["'self'"], "script-src" => ["'self'", *scripts(site, provider), *hosts],
        "style-src" => ["'self'", "'unsafe-inline'", *hosts], "img-src" => ["'self'", "data:", *images, *hosts],
        "media-src" => ["'self'", "data:"], "frame-src" => ["'self'", *hosts],
        "connect-src" => ["'self'", *hosts], "object-src" => ["'none'"], "base-uri" => ["'none'"],
        "form-action" => ["'self'"]
      }.map { |name, sources| "#{name} #{sources.join(' ')}" }.join("; ")
    end

    # The scripts in this site's own templates, by digest; that of Disqus differs for each page.
    def scripts(site, provider)
      return ["'unsafe-inline'"] if provider == "disqus"

      templates = Dir[File.join(site.source, "{_includes,_layouts}/*.html")].sort
      inline = templates.flat_map { |path| File.read(path).scan(INLINE).flatten }
      inline.reject { |script| script.include?("{{") }.uniq.map { |script| "'sha256-#{Digest::SHA256.base64digest(script)}'" }
    end
  end
end
