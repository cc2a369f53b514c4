"""Every sentence that Linecall says, a file for each language."""
