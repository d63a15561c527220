"""The features themselves, one file a family. Each is a declaration on a small function; the engine does the rest."""
