"""ERP systems: records in, postings out."""
