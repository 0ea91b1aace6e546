"""Files going out: made once as deliveries, placed for whoever hands them over, and what a person does with them."""
