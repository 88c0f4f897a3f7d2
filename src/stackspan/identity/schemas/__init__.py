"""Request bodies. Stock takes unknown fields of users, projects and the like and keeps them, so most of these are open."""
