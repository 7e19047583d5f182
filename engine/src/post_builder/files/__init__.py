"""Reading and writing files so that each one is whole at every moment, and none is lost."""

from post_builder.files.content import (
    digest,
    incremental_digest,
    read_bytes,
    read_text,
    unix_newlines,
)
from post_builder.files.swap import SavedMeanwhileError, replace_text
from post_builder.files.writing import create, write_atomically, write_over

__all__ = [
    "SavedMeanwhileError",
    "create",
    "digest",
    "incremental_digest",
    "read_bytes",
    "read_text",
    "replace_text",
    "unix_newlines",
    "write_atomically",
    "write_over",
]
