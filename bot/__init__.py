"""The program: what happens, in which order, and every word that it says."""
