"""Files going out: made once as deliveries, sent by machine or placed for a person, and what people do with them."""
