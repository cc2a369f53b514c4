"""The words of the `linecall` command, a module for each part of the plant that they serve."""
