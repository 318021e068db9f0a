"""The training room: tenants, learners, programmes, question banks, papers, exams, attempts and scores."""
