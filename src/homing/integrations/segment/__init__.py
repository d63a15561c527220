"""What Segment's and RudderStack's clients send, in our words."""
