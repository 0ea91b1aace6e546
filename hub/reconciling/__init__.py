"""Which line on a bank's statement settles what: pairs what is certain, explains every open krone (R17, R18)."""
