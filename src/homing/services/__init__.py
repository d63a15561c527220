"""One use case a class: a frozen dataclass with its collaborators and one verb."""
