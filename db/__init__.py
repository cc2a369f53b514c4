"""Tables, migrations, and functions that take a transaction."""
