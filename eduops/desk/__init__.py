"""The desk room: tickets through their whole life."""
