"""Orders, and how they meet the path."""
