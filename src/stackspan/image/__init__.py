"""Image: Glance's v2 API. Uploaded bytes are kept unchanged; each datastore gets a ready-to-clone copy once."""
