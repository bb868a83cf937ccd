"""The abstract execution of modules: what turns trees into the values and calls of a program."""
