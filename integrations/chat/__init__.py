"""Chats: they translate and decide nothing."""
