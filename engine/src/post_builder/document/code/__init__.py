"""What is written in and about blocks of code: languages, sessions, options of other tools."""
