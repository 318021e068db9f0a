"""The ledger: contract and facts from every room make findings; breaches are posted and never altered."""
