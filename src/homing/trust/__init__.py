"""What may never be used, and never be said: rules as dated data with sources, and pure functions over them."""
