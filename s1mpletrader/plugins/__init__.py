"""Built-in plugins. Each package registers through an entry point, as a third party's does, and imports the public API alone."""
