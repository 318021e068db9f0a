"""The backup room: dumps, their verification, and drills that restore them."""
