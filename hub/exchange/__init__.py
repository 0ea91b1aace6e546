"""Files between vendors' servers and the hub: fetched and taken in, sent, expected, and told of."""
