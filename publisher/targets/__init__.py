"""Where publishers write: each target takes some kinds of artifacts and says what it holds."""
