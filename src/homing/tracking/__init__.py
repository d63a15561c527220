"""What people did: validation of what comes in, the collector that makes events, the tracker that keeps them."""
