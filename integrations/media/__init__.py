"""Photos, scanned forms and voice notes: what a file really is, what can be read on it, what was said in it."""
