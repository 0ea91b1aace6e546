"""Rows of clearing: bank statements and lines, payouts, settlements, witnesses."""
