"""What runs in the process of the user's script. It meets TensorFlow; it never meets the linter."""
