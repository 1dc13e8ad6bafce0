"""The two flows and everything that carries them. Imports the domain and the ports alone."""
