"""The storage room, every story on both databases."""
