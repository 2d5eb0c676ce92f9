"""What processes write: labelled, kept in files of a bounded size, and read again."""
