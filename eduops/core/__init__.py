"""What everything stands on: the clock, errors, settings, references, shipped files, files written whole."""
