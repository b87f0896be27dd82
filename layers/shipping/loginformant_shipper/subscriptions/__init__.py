"""Subscription filters: which log groups are to have ours, and how the account is brought there.

The shipper knows nothing of it. The subscriber function and `shipctl subscriptions` do the same by this code.
"""
