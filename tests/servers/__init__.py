"""Real servers for tests, started in temporary directories on loopback and stopped at the end."""
