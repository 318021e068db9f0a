"""The training room: tenants, learners, programmes, courses, question banks, papers, exams, attempts and scores."""
