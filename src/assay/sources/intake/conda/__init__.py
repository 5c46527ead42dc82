"""Files of conda and Pixi, and the names and versions of conda translated to those of the Python index."""
