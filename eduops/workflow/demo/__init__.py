"""The demo: the main job on invented people, tickets and answers, through the services that the commands call."""
