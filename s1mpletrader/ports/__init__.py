"""What the hexagon needs from outside, in the domain's words. Imports the domain alone."""
