"""Everything foreign: the only place where a vendor's software is imported."""
