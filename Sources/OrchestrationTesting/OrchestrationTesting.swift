// First files follow.
