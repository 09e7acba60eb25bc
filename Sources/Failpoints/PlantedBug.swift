/// Mistakes that a build for chaos can be told to make, so that the checker can be seen to find them.
