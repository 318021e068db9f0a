"""Room: patrol results, their judgement, who was patrolled when."""
