"""Request bodies of the Compute API, a module per noun, each schema with the window of microversions it serves."""
