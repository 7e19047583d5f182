"""Making a post that was written by hand executable."""
