"""Text and where it came from: documents, spans, edits, discovery. The only layer that touches the disk."""
