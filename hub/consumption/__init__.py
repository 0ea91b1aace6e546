"""Consumption accounts: what tenants are told to a meter company, and what comes back is settled (R25 to R32)."""
