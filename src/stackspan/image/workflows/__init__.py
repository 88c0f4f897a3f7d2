"""Image's multi-step operations, a file each."""
