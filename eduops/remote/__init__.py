"""Far hosts over SSH: how they are reached, commands and files there. Alone knows paramiko."""
