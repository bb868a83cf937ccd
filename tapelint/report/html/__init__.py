"""The report as a page: one HTML file with everything in it, which asks for nothing from anywhere."""
