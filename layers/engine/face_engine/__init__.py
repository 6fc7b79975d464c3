"""What turns the bytes of a photo into a face embedding."""
