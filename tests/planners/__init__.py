"""The built-in planners and risk gates."""
