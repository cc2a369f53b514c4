"""Understanding: message and context to a reading; no network, no database."""
