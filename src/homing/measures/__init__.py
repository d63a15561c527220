"""How good an answer was: measures of ranked lists, of probabilities, and the intervals that go with them."""
