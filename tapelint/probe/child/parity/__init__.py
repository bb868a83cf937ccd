"""Steps of a program held against those of `fit`: what differs, by how much, and for which reason."""
