"""Replace what must not leave the account, before anything else sees it."""
