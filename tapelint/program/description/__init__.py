"""What is believed about a program, in words for people."""
