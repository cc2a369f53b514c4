"""Questions of managers: what exactly is wanted, and the answer from the records."""
