"""What `_config.yml` tells Jekyll, as far as it decides what a post is and when it is published."""
