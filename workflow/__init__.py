"""The plant's rules: pure functions over frozen values; no I/O, no clock, no vendor."""
