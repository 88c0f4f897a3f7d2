"""Where images' bytes are: a folder on a datastore as stock lays it out, or a folder of this machine.

A store is asked for a location first, which is saved before anything is put there, so that what a dead process left can
always be found.
"""

from stackspan.image.stores.base import Store, Stores

__all__ = ["Store", "Stores"]
