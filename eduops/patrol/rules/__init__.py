"""What we decide of a patrol: whether a document can be trusted, and what its figures mean."""
