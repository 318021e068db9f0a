"""The desk room: tickets through their whole life, recurring problems, surveys, data corrections."""
