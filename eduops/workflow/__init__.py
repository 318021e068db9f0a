"""Verbs that need two rooms or more: laying out a home, the rehearsal, the demo."""
