# frozen_string_literal: true

require "digest"
require "json"

module Blog
  # While a post is being written (`jekyll serve`): the page is told how the build of its post stands,
  # and addresses change with what they lead to. Nothing of it is in a site that `jekyll build` makes.
  module Development
    STATUS = "/post-builder-status.json"
    # Where `post-builder watch` writes how each post stands.
    WRITTEN = ".post-builder/status.json"
    ADDRESS = /(?<= src="| href=")\/[^"?#]+\.(?:svg|png|gif|webp|css|js)(?=")/

    def self.served?(site) = site.config["serving"] && Jekyll.env == "development"

    # The server's answers carry the status, whatever is in the site's folder.
    def self.install
      require "jekyll/commands/serve/servlet"
      servlet = Jekyll::Commands::Serve::Servlet
      servlet.prepend(Status) unless servlet.include?(Status)
    end

    # A page in which each file has an address of its own for each of its states: browsers keep a
    # figure that they know, even over a reload.
    def self.versioned(html, site)
      html.gsub(ADDRESS) do |address|
        version = version_of(address.delete_prefix(site.config["baseurl"].to_s), site)
        version ? "#{address}?v=#{version}" : address
      end
    end

    def self.version_of(path, site)
      file = File.join(site.source, path)
      sources = File.file?(file) ? [file] : styles(path, site)
      return if sources.empty?

      Digest::MD5.hexdigest(sources.map { |source| File.binread(source) }.join).slice(0, 10)
    end

    def self.styles(path, site)
      main = File.join(site.source, path.sub(/\.css\z/, ".scss"))
      File.file?(main) ? [main, *Dir[File.join(site.source, "_sass/**/*.scss")].sort] : []
    end

    # For Jekyll's servlet.
    module Status
      def do_GET(request, response)
        return super unless request.path.end_with?(STATUS)

        file = File.join(@jekyll_opts["source"], WRITTEN)
        response.body = File.file?(file) ? File.read(file, encoding: "utf-8") : "null"
        response["Content-Type"] = "application/json"
        response["Cache-Control"] = "no-store"
      end
    end
  end
end

Jekyll::Hooks.register(:site, :after_init) do |site|
  Blog::Development.install if Blog::Development.served?(site)
end

Jekyll::Hooks.register(%i[documents pages], :post_render) do |page|
  page.output = Blog::Development.versioned(page.output, page.site) if page.output_ext == ".html" && Blog::Development.served?(page.site)
end
