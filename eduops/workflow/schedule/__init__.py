"""The schedule: which commands run when, that each due instant is run once, and that silence is noticed."""
