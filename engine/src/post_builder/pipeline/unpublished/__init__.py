"""Files of posts that Jekyll does not publish: kept out of the site until it does."""
